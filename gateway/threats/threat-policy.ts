import type { WrittenFile } from "../configuration/gateway-file-schema.ts";

/** What a failure tells of whoever caused it. */
export const signals = [
  /** What was no request: heads that two parsers could read differently, and those that never end. */
  "unreadable",
  /** A path or host that is no honest mistake. */
  "bad-path",
  /** Nothing is there for anybody: looking for what might be. */
  "unknown-path",
  /** A service has no such thing: trying ids. */
  "not-found",
  "unauthorized",
  /** A service refused a password, a code or a client's secret; a refresh token that is too old is nobody's guess. */
  "failed-sign-in",
  "forbidden",
  "invalid-input",
  "over-limit",
] as const;
export type Signal = (typeof signals)[number];

/** `threats` of gateway.yaml, with nothing left out. */
export interface ThreatPolicy {
  readonly weights: Readonly<Record<Signal, number>>;
  /** After so long half of a score is forgotten. */
  readonly halfLifeMs: number;
  readonly flagAbove: number;
  /** Undefined: nobody is blocked. */
  readonly block: { readonly above: number; readonly forMs: number; readonly atMostMs: number } | undefined;
}

const usualWeights: ThreatPolicy["weights"] = {
  unreadable: 5,
  "bad-path": 5,
  "unknown-path": 2,
  "not-found": 0.5,
  unauthorized: 1,
  "failed-sign-in": 5,
  forbidden: 2,
  "invalid-input": 1,
  "over-limit": 0.5,
};

/** @returns undefined where the file says nothing of threats: then nothing is watched */
export function compileThreats(written: WrittenFile["threats"]): ThreatPolicy | undefined {
  if (!written) return undefined;
  const { halfLifeSeconds = 60, flagAbove = 50, weights, block } = written;
  return {
    weights: { ...usualWeights, ...weights },
    halfLifeMs: halfLifeSeconds * 1000,
    flagAbove,
    block: block && {
      above: block.above,
      forMs: block.seconds * 1000,
      atMostMs: (block.maxSeconds ?? block.seconds) * 1000,
    },
  };
}
