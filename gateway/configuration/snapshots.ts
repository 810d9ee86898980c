import { readFile } from "node:fs/promises";
import type { Log } from "#observability/log";
import type { Metrics } from "#observability/metrics";
import type { KeptFile } from "../processes/kept-file.ts";
import { parseGatewayFile } from "./gateway-file.ts";
import { type CurrentSnapshot, compileSnapshot, type Snapshot, type SnapshotSources } from "./snapshot.ts";
import type { Prepared } from "./snapshot-resources.ts";

export type ReloadOutcome = "applied" | "refused" | "unchanged";

/** The snapshot of now, and what became of the last attempt to change it. */
export interface Snapshots extends CurrentSnapshot {
  readonly path: string;
  /** Undefined while the file is the one that runs. */
  readonly refused: { readonly at: Date; readonly mistakes: readonly string[] } | undefined;
  /** Reads the file again, whether it changed or not. Calls one at a time, in the order in which they were made. */
  reload(): Promise<ReloadOutcome>;
  close(): void;
}

export interface SnapshotsOptions {
  readonly path: string;
  /** What `${NAME}` in the file may stand for. */
  readonly variables: Readonly<Record<string, string>>;
  readonly sources: SnapshotSources;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Where a process of several finds what the others run, if the file itself is bad when it starts. */
  readonly kept?: KeptFile | undefined;
  /** How often the file is looked at. */
  readonly pollMs?: number;
}

/** A file that is being written reads like another one that is good: it counts once it has been the same twice. */
const settleMs = 200;

/**
 * Opens `gateway.yaml` and exchanges the snapshot when it changes. The text is read again and again instead of watched:
 * a rename, the `..data` link of a Kubernetes ConfigMap, a network file system and an editor look all the same that way,
 * and reading some kilobytes a second costs nothing that could be measured.
 * @throws Error when the file cannot be read or used and nothing is kept; later, that leaves the old one in place
 */
export async function openSnapshots(options: SnapshotsOptions): Promise<Snapshots> {
  const text = await readFile(options.path, "utf8").catch(
    (cause: Error) => new Error(`GATEWAY_FILE cannot be read: ${cause.message}`, { cause }),
  );
  try {
    if (text instanceof Error) throw text;
    return new ReloadedSnapshots(options, text);
  } catch (error) {
    const lastGood = await options.kept?.ask();
    if (lastGood === undefined) throw error;
    options.log.warn({ file: options.path }, "starting with the file that the other processes run");
    return new ReloadedSnapshots(options, lastGood, text);
  }
}

class ReloadedSnapshots implements Snapshots {
  readonly path: string;
  current: Snapshot;
  refused: Snapshots["refused"];
  readonly #options: SnapshotsOptions;
  #text: string;
  #refusedText: string | undefined;
  /** What was read last and is not settled. */
  #seen: string | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  readonly #reloads;

  /** @param refused what the file really holds, if `text` runs in its place */
  constructor(options: SnapshotsOptions, text: string, refused?: string | Error) {
    const { metrics } = options;
    this.#options = options;
    this.path = options.path;
    this.#text = text;
    const first = this.#compile(text, undefined);
    this.current = first.value;
    first.commit();
    this.#reloads = metrics.counter("gateway_config_reloads_total", "Attempts to exchange gateway.yaml", [
      "outcome",
    ]);
    metrics.gauge("gateway_config_loaded_timestamp_seconds", "When the file that runs was loaded", [], () =>
      Math.floor(this.current.loadedAt.getTime() / 1000),
    );
    metrics.gauge(
      "gateway_config_last_reload_successful",
      "0 while the file is refused and an older one runs",
      [],
      () => (this.refused ? 0 : 1),
    );
    options.kept?.tell(text);
    if (refused !== undefined) this.#take(refused);
    this.#look(options.pollMs ?? 1000);
  }

  reload(): Promise<ReloadOutcome> {
    const outcome = this.#turn.then(async () => this.#take(await this.#read()));
    this.#turn = outcome;
    return outcome;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #look(afterMs: number): void {
    if (this.#closed) return;
    const turn = async () => {
      const unsettled = await this.#poll();
      this.#look(unsettled ? settleMs : (this.#options.pollMs ?? 1000));
    };
    this.#timer = setTimeout(() => {
      this.#turn = this.#turn.then(turn);
    }, afterMs);
    // Looking at a file is no reason for a process to stay.
    this.#timer.unref();
  }

  /** @returns whether the file may still be being written */
  async #poll(): Promise<boolean> {
    const text = await this.#read();
    const known =
      typeof text === "string" && (text === this.#text ? !this.refused : text === this.#refusedText);
    if (known || (text instanceof Error && this.refused?.mistakes[0] === text.message)) {
      this.#seen = undefined;
      return false;
    }
    const found = typeof text === "string" ? text : text.message;
    if (found !== this.#seen) {
      this.#seen = found;
      return true;
    }
    this.#seen = undefined;
    this.#take(text);
    return false;
  }

  #read(): Promise<string | Error> {
    return readFile(this.path, "utf8").catch(
      (cause: Error) => new Error(`${this.path} cannot be read: ${cause.message}`),
    );
  }

  #take(text: string | Error): ReloadOutcome {
    if (text instanceof Error) this.#refusedText = undefined;
    const outcome = text instanceof Error ? this.#refuse(text) : this.#exchange(text);
    this.#reloads.inc({ outcome });
    return outcome;
  }

  #exchange(text: string): ReloadOutcome {
    if (text === this.#text) {
      if (this.refused) this.#options.log.info({ file: this.path }, "the file is again the one that runs");
      this.refused = undefined;
      return "unchanged";
    }
    let next: Prepared<Snapshot>;
    try {
      next = this.#compile(text, this.current);
    } catch (error) {
      this.#refusedText = text;
      return this.#refuse(error as Error);
    }
    this.#text = text;
    this.refused = undefined;
    this.#refusedText = undefined;
    this.current = next.value;
    next.commit();
    this.#options.kept?.tell(text);
    const { hash, table } = this.current;
    this.#options.log.info({ file: this.path, hash, routes: table.routes.length }, "gateway.yaml exchanged");
    return "applied";
  }

  #refuse({ message }: Error): ReloadOutcome {
    const mistakes = message.split("\n");
    this.refused = { at: this.#options.sources.now(), mistakes };
    const { hash, loadedAt } = this.current;
    this.#options.log.error(
      { file: this.path, hash, loaded_at: loadedAt.toISOString(), mistakes },
      `gateway.yaml refused, the old one stays: ${mistakes.slice(0, 3).join("; ")}`,
    );
    return "refused";
  }

  #compile(text: string, before: Snapshot | undefined): Prepared<Snapshot> {
    const { file } = parseGatewayFile(this.path, text, this.#options.variables);
    return compileSnapshot(this.#options.sources, file, text, before);
  }
}
