import type { Timing } from "../timing.ts";

/** A request waits for Redis this long; with what the event loop adds a decision takes less than 5 ms. Milliseconds. */
const patienceMs = 3;

/** Those who wait for Redis, each for so long and no longer. One timer is enough: it looks at the one who came first. */
export class Patience {
  /** In the order in which they came. */
  readonly #since = new Map<() => void, number>();
  #endTimer: (() => void) | undefined;

  /** @param lost called when somebody has waited too long */
  constructor(
    private readonly timing: Timing,
    private readonly lost: () => void,
  ) {}

  get size(): number {
    return this.#since.size;
  }

  /** @param settle called by `settleAll`; it leaves first */
  enter(settle: () => void): void {
    this.#since.set(settle, this.timing.now());
    if (this.#endTimer === undefined) this.#look(patienceMs);
  }

  /** @returns whether it was still waiting */
  leave(settle: () => void): boolean {
    const waited = this.#since.delete(settle);
    if (this.#since.size === 0) this.#endLooking();
    return waited;
  }

  settleAll(): void {
    for (const settle of this.#since.keys()) settle();
  }

  #look(afterMs: number): void {
    const endTimer = this.timing.after(afterMs, () =>
      this.timing.afterReading(() => {
        if (this.#endTimer === endTimer) this.#lookNow();
      }),
    );
    this.#endTimer = endTimer;
  }

  #lookNow(): void {
    for (const since of this.#since.values()) {
      const left = since + patienceMs - this.timing.now();
      if (left > 0) this.#look(left);
      else this.lost();
      return;
    }
  }

  #endLooking(): void {
    this.#endTimer?.();
    this.#endTimer = undefined;
  }
}
