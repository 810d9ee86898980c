import { createHash } from "node:crypto";
import type { TokenVerifier } from "#mesh/identity/verify-token";
import type { ListenerLimits } from "../listener/http-listener.ts";
import type { Answer } from "../pipeline.ts";
import { compileRoutes, type RouteTable } from "../routes.ts";
import { compileThreats, type ThreatPolicy } from "../threats/threat-policy.ts";
import { type AddressRules, compileAddresses } from "./address-rules.ts";
import type { GatewayFile } from "./gateway-file.ts";
import type { AnswerName } from "./gateway-file-schema.ts";
import type { Prepared } from "./snapshot-resources.ts";

/**
 * Everything of `gateway.yaml` that a request needs, compiled. Immutable: another file is another snapshot, and a
 * request keeps to the one that it began with.
 */
export interface Snapshot {
  /** SHA-256 of the file's text, so that one can see whether all gateways run the same. */
  readonly hash: string;
  readonly loadedAt: Date;
  readonly file: GatewayFile;
  readonly table: RouteTable;
  /** Which list keeps an address out. */
  readonly keepsOut: AddressRules;
  /** Undefined: nothing is watched. */
  readonly threats: ThreatPolicy | undefined;
  /** What the listener asks at each connection. */
  readonly connections: ListenerLimits;
  readonly verifier: TokenVerifier;
  readonly answers: Readonly<Record<AnswerName, Answer>>;
}

/** Where the pipeline finds the snapshot of now. */
export interface CurrentSnapshot {
  readonly current: Snapshot;
}

/** What outlives a snapshot and is lent to each. */
export interface SnapshotSources {
  /** What believes these issuers; see `KeptResources` for what stays and what goes. */
  readonly prepareVerifier: (issuers: GatewayFile["issuers"]) => Prepared<TokenVerifier>;
  readonly answersFor: (table: RouteTable) => Snapshot["answers"];
  readonly now: () => Date;
}

/**
 * Compiles a checked file. Changes nothing that is in use: `commit` does, once the snapshot has taken its place.
 * @param text of the file, for its hash
 * @param before the snapshot that it takes the place of
 */
export function compileSnapshot(
  { prepareVerifier, answersFor, now }: SnapshotSources,
  file: GatewayFile,
  text: string,
  before?: Snapshot,
): Prepared<Snapshot> {
  const table = compileRoutes(file, before?.table);
  const keepsOut = compileAddresses(file.addresses);
  const answers = answersFor(table);
  const verifier = prepareVerifier(file.issuers);
  const hash = createHash("sha256").update(text).digest("hex");
  const value = {
    hash,
    loadedAt: now(),
    file,
    table,
    keepsOut,
    threats: compileThreats(file.threats),
    connections: compileConnections(file.connections),
    verifier: verifier.value,
    answers,
  };
  return { value, commit: verifier.commit, abandon: verifier.abandon };
}

function compileConnections(given: GatewayFile["connections"]): ListenerLimits {
  const { perAddress, total, proxyProtocol } = given;
  return {
    timeouts: {
      headersMs: given.headersTimeoutMs,
      bodyMs: given.bodyTimeoutMs,
      idleMs: given.idleTimeoutMs,
      writeMs: given.writeTimeoutMs,
    },
    perAddress,
    most: total,
    proxyProtocol,
  };
}
