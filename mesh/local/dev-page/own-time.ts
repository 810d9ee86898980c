interface Interval {
  readonly start: number;
  readonly end: number;
}

/** How long something took by itself: its time without that in which something below it was done. In any unit. */
export function ownTime({ start, end }: Interval, below: readonly Interval[]): number {
  let own = 0;
  let at = start;
  for (const each of below.toSorted((a, b) => a.start - b.start)) {
    if (each.start >= end) break;
    own += Math.max(0, each.start - at);
    at = Math.max(at, each.end);
  }
  return own + Math.max(0, end - at);
}
