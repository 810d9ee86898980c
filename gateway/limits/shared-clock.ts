import type { Timing } from "../timing.ts";

/**
 * The clock of Redis as this process knows it, in ms since the epoch: its own monotonic clock and the difference, so that
 * nobody who sets the machine's clock gives anybody requests. Never behind that of Redis but for its drift, so that
 * what a lease holds is not used too late.
 */
export class SharedClock {
  #ahead: number;
  #heard = false;

  constructor(private readonly timing: Pick<Timing, "now">) {
    this.#ahead = Date.now() - timing.now();
  }

  now(): number {
    return this.timing.now() + this.#ahead;
  }

  /**
   * @param at what Redis said, ms since the epoch
   * @param sentAt when it was asked, on this process's own clock
   */
  hear(at: number, sentAt: number): void {
    // What was asked took some time to get there, so each sample is too high, and the lowest is the best.
    const sample = at - sentAt;
    const off = sample - this.#ahead;
    if (!this.#heard || off < 0 || off > 1000) this.#ahead = sample;
    else this.#ahead += off / 16;
    this.#heard = true;
  }
}
