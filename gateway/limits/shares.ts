// The numbers that the bounds of decision 0015 rest on, each for one key.

/** All processes together go over a limit by at most this part of it. */
const overPart = 0.01;
/** While Redis is away, by this. */
const overAlonePart = 0.1;

/**
 * What one process may let in on its own word and tell Redis afterwards, at most: together 1 % of what the limit lets in
 * within its time (at least ten seconds), and never more than a quarter of the burst. 0 for small limits, which are
 * therefore exact.
 * @param requests in the limit's time, or ten seconds
 */
export function creditFor(requests: number, burst: number, processes: number): number {
  return Math.floor(Math.min(((requests + burst) * overPart) / processes, burst / (4 * processes)));
}

/**
 * What one process may hold of a flow ahead of its requests: all together at most half of the burst, and not more than
 * half a second of it. 0 where tokens are so few or so rare that holding any would keep them from others.
 */
export function flowHold(burst: number, intervalMs: number, processes: number): number {
  const hold = Math.min(burst / (2 * processes), Math.max(4, 500 / intervalMs));
  return hold < 2 || intervalMs > 125 ? 0 : Math.floor(hold);
}

/** What one process may hold of a quota: all together a fiftieth. 0 for small ones. */
export function quotaHold(requests: number, processes: number): number {
  const hold = requests / (50 * processes);
  return hold < 2 ? 0 : Math.floor(hold);
}

/**
 * What all processes together let in at once while Redis is away. Another process may know that the key is used up, or use
 * it up before it hears of the others, so they may give out a tenth of what the limit lets in meanwhile.
 */
export function unknownBurst(burst: number, requests: number, processes: number): number {
  if (processes === 1) return burst;
  const over = (overAlonePart * (burst + requests) * processes) / (processes - 1);
  return Math.min(burst, Math.max(processes, over));
}

/** What all processes together give out of a quota while Redis is away, for the same reason. At least one request each. */
export function unknownQuota(requests: number, processes: number): number {
  return processes === 1 ? requests : Math.min(requests, Math.max(processes, overAlonePart * requests));
}
