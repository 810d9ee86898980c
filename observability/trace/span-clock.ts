const lookEveryMs = 5000;
/** `Date.now()` tells whole milliseconds: what differs less is no difference. */
const toleratedMs = 2;

/**
 * Milliseconds since the epoch, with fractions, of a time of `performance.now()`. That clock begins with the process and
 * is not corrected afterwards; the system's is, and other processes' spans are told by it.
 */
export function createSpanClock(
  now: () => number = () => performance.now(),
  wallNow: () => number = Date.now,
): (at: number) => number {
  let offset = wallNow() - now();
  let looked = now();
  return (at) => {
    if (at - looked > lookEveryMs) {
      looked = now();
      const drift = wallNow() - (offset + looked);
      if (Math.abs(drift) > toleratedMs) offset += drift;
    }
    return offset + at;
  };
}
