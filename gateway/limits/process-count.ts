/** A process that goes is counted for so long, and a Redis that lost its data is not believed at once. Milliseconds. */
const rememberMs = 10_000;

/** How many processes share the limits: the most that were seen in the last ten to twenty seconds. */
export class ProcessCount {
  #before: number;
  #current = 0;
  #since: number | undefined;

  /** @param expected counts like one that was seen: of processes that start together not all are there at first */
  constructor(expected: number) {
    this.#before = expected;
  }

  /** @param now milliseconds of a clock that does not jump */
  see(count: number, now: number): number {
    this.#since ??= now;
    if (now - this.#since > rememberMs) {
      this.#before = this.#current;
      this.#current = 0;
      this.#since = now;
    }
    this.#current = Math.max(this.#current, count);
    return this.count;
  }

  get count(): number {
    return Math.max(1, this.#before, this.#current);
  }
}
