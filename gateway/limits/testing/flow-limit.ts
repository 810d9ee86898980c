import type { FlowRate, Limit } from "../limit.ts";

/** A compiled limit. For tests only. */
export function flowLimit(requests: number, perSeconds: number, burst: number): Limit & { rate: FlowRate } {
  const intervalMs = (perSeconds * 1000) / requests;
  return {
    name: "test",
    by: ["caller"],
    rate: { kind: "rate", requests, perSeconds, burst, intervalMs, policy: '"test"' },
    tiers: new Map(),
    exempt: [],
  };
}

/**
 * By how many tokens the admissions go over a limit in the worst of all spans of time: the most that a bucket of its
 * rate would have held, less its burst. For tests only.
 * @param admitted in the order of time
 */
export function overshoot(
  { intervalMs, burst }: FlowRate,
  admitted: readonly { readonly at: number; readonly cost: number }[],
): number {
  let arrival = Number.NEGATIVE_INFINITY;
  let most = 0;
  for (const { at, cost } of admitted) {
    arrival = Math.max(arrival, at) + cost * intervalMs;
    most = Math.max(most, (arrival - at) / intervalMs);
  }
  return most - burst;
}
