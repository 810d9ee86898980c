const bucketMs = 0.01;
const longestMs = 10_000;

/** Latencies in classes of 10 µs: a million of them take no more memory than one. */
export class LatencyCounts {
  readonly #counts = new Uint32Array(longestMs / bucketMs + 1);
  #total = 0;
  #maxMs = 0;

  add(ms: number): void {
    const at = Math.min(this.#counts.length - 1, Math.max(0, Math.floor(ms / bucketMs)));
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#total += 1;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  /** The upper end of the class in which it lies, in ms; 0 when there are none. */
  at(share: number): number {
    let left = Math.ceil(this.#total * share);
    if (left === 0) return 0;
    for (const [at, count] of this.#counts.entries()) {
      left -= count;
      if (left <= 0) return (at + 1) * bucketMs;
    }
    return this.#maxMs;
  }
}
