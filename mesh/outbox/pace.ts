/**
 * Lets a few things happen at once and then one each `everyMs` (GCRA): whoever comes after a pause waits for nobody, and
 * under load what comes meanwhile is done together.
 * @returns how many milliseconds the next one has to wait, and counts it as done after them
 */
export function createPace({ everyMs, atOnce }: { everyMs: number; atOnce: number }) {
  let due = Number.NEGATIVE_INFINITY;
  return (now: number): number => {
    due = Math.max(due, now - everyMs * (atOnce - 1));
    const waitMs = Math.max(0, due - now);
    due += everyMs;
    return waitMs;
  };
}
