/**
 * For so long after a process began to decide without Redis, another may not know that any of them does, and be given by
 * Redis what is let in here: its signs of life are 312 ms apart at most, and of one 250 ms pass before it is missed, or before it
 * is tried again. Milliseconds; see decision 0015.
 */
export const unnoticedMs = 650;

/** What a process knows of itself and the others. Times in ms on the clock of Redis. */
export class Surroundings {
  /** Gateway processes that share the limits, this one included. */
  processes = 1;
  /** Redis is back, and told; what it says is believed when all processes have told it. */
  telling = false;
  #aloneSince = 0;

  /** Nobody waits for Redis: it is away, or slow. */
  get alone(): boolean {
    return this.#aloneSince > 0;
  }

  leaveAlone(now: number): void {
    if (this.#aloneSince === 0) this.#aloneSince = now;
  }

  joinOthers(): void {
    this.#aloneSince = 0;
  }

  /**
   * The time by which the own share is reckoned: it stands still until the others must have noticed too. What a limit earns
   * meanwhile is given out at once then. 0: Redis decides.
   */
  shareAt(now: number): number {
    if (this.#aloneSince === 0) return 0;
    return now - this.#aloneSince >= unnoticedMs || now < this.#aloneSince ? now : this.#aloneSince;
  }
}
