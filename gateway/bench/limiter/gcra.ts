import type { FlowRate } from "../../limits/limit.ts";

/** What the reckoning needs of a rate. */
export type Pace = Pick<FlowRate, "intervalMs" | "burst">;

export interface Decision {
  readonly allowed: boolean;
  /** Requests that would be let in right now. */
  readonly remaining: number;
  /** 0 when allowed. */
  readonly retryAfterMs: number;
  /** Until the whole burst is there again. */
  readonly resetMs: number;
  /** Who decided: the shared count in Redis or this process by itself. */
  readonly by: "shared" | "local";
}

/**
 * The generic cell rate algorithm (ITU-T I.371): the whole state is the theoretical arrival time, when the next
 * request would come if all kept exactly to the rate. The script in `call-per-request.ts` reckons the same.
 * @param arrival the state before, in ms; undefined for a newcomer
 */
export function gcra(
  { intervalMs, burst }: Pace,
  arrival: number | undefined,
  now: number,
): { readonly arrival: number; readonly decision: Decision } {
  const from = arrival === undefined || arrival < now ? now : arrival;
  const next = from + intervalMs;
  const early = next - burst * intervalMs - now;
  if (early > 0) {
    const decision: Decision = {
      allowed: false,
      remaining: 0,
      retryAfterMs: early,
      resetMs: from - now,
      by: "local",
    };
    return { arrival: from, decision };
  }
  const remaining = Math.floor(-early / intervalMs + 1e-9);
  return {
    arrival: next,
    decision: { allowed: true, remaining, retryAfterMs: 0, resetMs: next - now, by: "local" },
  };
}
