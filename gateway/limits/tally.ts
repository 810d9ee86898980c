/**
 * Who decided: tokens or knowledge that the process had, an answer of Redis that the request waited for, the process's
 * own share while Redis is away, or nobody, because the limit does not count this caller.
 */
export type Source = "lease" | "shared" | "local" | "exempt";

export const sources: readonly Source[] = ["lease", "shared", "local", "exempt"];

/** Decisions of one limit since the start, as plain numbers: counting must cost next to nothing. */
export class Tally {
  readonly allowed: Record<Source, number> = { lease: 0, shared: 0, local: 0, exempt: 0 };
  readonly refused: Record<Source, number> = { lease: 0, shared: 0, local: 0, exempt: 0 };
}
