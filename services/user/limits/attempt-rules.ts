/** So many at once, and one more is earned back in `intervalMs`. */
export interface AttemptRate {
  readonly intervalMs: number;
  readonly burst: number;
}

/**
 * The generic cell rate algorithm (ITU-T I.371) on one number, the theoretical arrival time in ms. The script in
 * `attempt-counters.ts` reckons the same, and a test compares the two.
 */
export function spend(
  arrival: number | undefined,
  now: number,
  { intervalMs, burst }: AttemptRate,
): { readonly arrival: number; readonly waitMs: number } {
  const from = Math.max(arrival ?? now, now);
  const early = from + intervalMs - burst * intervalMs - now;
  return early > 0 ? { arrival: from, waitMs: early } : { arrival: from + intervalMs, waitMs: 0 };
}

/** Somebody may mistype twice for nothing; after that each wrong password makes the next attempt wait twice as long. */
export const freeFailures = 3;
export const firstDelayMs = 1000;
/** What an owner who shares the attacker's address waits at most. */
export const longestDelayMs = 30_000;
/** Failures are forgotten when none was added for so long. */
export const forgetFailuresAfterMs = 3_600_000;

export interface Failures {
  readonly count: number;
  /** Milliseconds since the epoch; no attempt is looked at before. */
  readonly until: number;
}

/**
 * Counts an attempt as failed before it is made, so that a hundred at the same instant are not all the first one; one that
 * succeeds forgets the failures.
 */
export function attempt(
  before: Failures | undefined,
  now: number,
): { readonly failures: Failures; readonly waitMs: number } {
  const { count, until } = before ?? { count: 0, until: 0 };
  if (until > now) return { failures: { count, until }, waitMs: until - now };
  const delay = count < freeFailures - 1 ? 0 : firstDelayMs * 2 ** Math.min(count - freeFailures + 1, 16);
  return { failures: { count: count + 1, until: now + Math.min(delay, longestDelayMs) }, waitMs: 0 };
}
