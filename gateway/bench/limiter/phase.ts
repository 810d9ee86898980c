/** What all processes do at once for a while. */
export interface Phase {
  readonly kind: "leased" | "called";
  readonly key: string;
  readonly requests: number;
  readonly perSeconds: number;
  readonly burst: number;
  /** How often it is asked for, of what the limit lets in. */
  readonly times: number;
  readonly keys: number;
  /** Of the requests, for each process. */
  readonly shares: readonly number[];
  readonly seconds: number;
}

export interface PhaseResult {
  readonly asked: number;
  readonly allowed: number;
  /** Not decided at once. */
  readonly waited: number;
  /** Decided without Redis because it was away. */
  readonly local: number;
  readonly commands: number;
  readonly seconds: number;
  readonly p99Ms: number;
  readonly longestMs: number;
}

/** What the limit lets in within this time, for one key. */
export function phaseMost(
  { requests, perSeconds, burst }: Pick<Phase, "requests" | "perSeconds" | "burst">,
  seconds: number,
): number {
  return burst + (seconds * requests) / perSeconds;
}

/** Of all processes together. */
export function totalOf(results: readonly PhaseResult[]): PhaseResult {
  const sum = (value: (result: PhaseResult) => number) =>
    results.reduce((total, result) => total + value(result), 0);
  const most = (value: (result: PhaseResult) => number) => Math.max(...results.map(value));
  return {
    asked: sum(({ asked }) => asked),
    allowed: sum(({ allowed }) => allowed),
    waited: sum(({ waited }) => waited),
    local: sum(({ local }) => local),
    commands: sum(({ commands }) => commands),
    seconds: most(({ seconds }) => seconds),
    p99Ms: most(({ p99Ms }) => p99Ms),
    longestMs: most(({ longestMs }) => longestMs),
  };
}
