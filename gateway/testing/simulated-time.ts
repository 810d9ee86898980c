import { setImmediate } from "node:timers/promises";
import type { Timing } from "../timing.ts";

interface Due {
  at: number;
  readonly order: number;
  readonly everyMs?: number;
  readonly run: () => void;
}

/** Time that stands still until it is told to pass, however busy the machine is. For tests only. */
export class SimulatedTime implements Timing {
  #now = 0;
  #order = 0;
  readonly #due = new Set<Due>();

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    return this.#add({ at: this.#now + ms, order: this.#order++, run });
  }

  every(ms: number, run: () => void): () => void {
    return this.#add({ at: this.#now + ms, order: this.#order++, run, everyMs: ms });
  }

  #add(due: Due): () => void {
    this.#due.add(due);
    return () => this.#due.delete(due);
  }

  /** Here nobody is busy for any time. */
  afterReading(run: () => void): void {
    run();
  }

  /** Runs what is due meanwhile, one after the other, each with what follows from it at once. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#now = next.at;
      if (next.everyMs === undefined) this.#due.delete(next);
      else next.at += next.everyMs;
      next.run();
      await setImmediate();
    }
    this.#now = end;
    await setImmediate();
  }

  #next(end: number): Due | undefined {
    let next: Due | undefined;
    for (const due of this.#due) {
      if (due.at > end || (next && (due.at > next.at || (due.at === next.at && due.order > next.order))))
        continue;
      next = due;
    }
    return next;
  }
}
