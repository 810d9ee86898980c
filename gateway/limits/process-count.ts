/** A process that goes is counted for so long, and a Redis that lost its data is not believed at once. Milliseconds. */
const rememberMs = 10_000;

/** How many processes share the limits: the most that were seen in the last ten to twenty seconds. */
export class ProcessCount {
  #before = 0;
  #current: number;
  #since = Number.NEGATIVE_INFINITY;

  /** @param initial until the first is seen */
  constructor(initial: number) {
    this.#current = initial;
  }

  /** @param now milliseconds of a clock that does not jump */
  see(count: number, now: number): number {
    if (now - this.#since > rememberMs) {
      this.#before = this.#since === Number.NEGATIVE_INFINITY ? 0 : this.#current;
      this.#current = 0;
      this.#since = now;
    }
    this.#current = Math.max(this.#current, count);
    return Math.max(1, this.#before, this.#current);
  }
}
