import type { Home } from "../../../mesh/local/home.ts";
import type { Cores } from "./cores.ts";

/** What everything that is started here needs. */
export interface Bench {
  readonly home: Home;
  readonly root: string;
  readonly cores: Cores;
}

/** A proxy that runs. */
export interface Peer {
  readonly name: string;
  /** What it does for a request. */
  readonly does: string;
  readonly port: number;
  /** All of its processes. */
  readonly pids: readonly number[];
  /** Of others that work for it, by name: their CPU counts as its own. */
  readonly also: Readonly<Record<string, number>>;
  /** The token it takes; undefined where it checks none. */
  readonly token: string | undefined;
}

/** A proxy that cannot be had here, and why. */
export interface MissingPeer {
  readonly name: string;
  readonly missing: string;
}
