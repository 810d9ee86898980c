import { setImmediate } from "node:timers/promises";
import type { Account } from "../account.ts";
import type { Ledger, Step } from "../ledger.ts";
import type { Ask } from "../ledger-queue.ts";

/** Knows which commands have no answer yet, so that time need not pass before they have. For tests only. */
export class WatchedLedger implements Ledger {
  readonly #unanswered = new Set<Promise<unknown>>();

  constructor(private readonly ledger: Ledger) {}

  get isReady(): boolean {
    return this.ledger.isReady;
  }

  exchange(batch: readonly Ask[]): ReturnType<Ledger["exchange"]> {
    return this.#watch(this.ledger.exchange(batch));
  }

  restore(accounts: readonly Account[]): Promise<void> {
    return this.#watch(this.ledger.restore(accounts));
  }

  announce(step: Step, since: number): ReturnType<Ledger["announce"]> {
    return this.#watch(this.ledger.announce(step, since));
  }

  leave(): Promise<void> {
    return this.#watch(this.ledger.leave());
  }

  /** Resolves when all have one, also those that an answer led to. */
  async answered(): Promise<void> {
    while (this.#unanswered.size > 0) {
      await Promise.allSettled(this.#unanswered);
      await setImmediate();
    }
  }

  #watch<T>(answer: Promise<T>): Promise<T> {
    const watched = answer.finally(() => this.#unanswered.delete(watched));
    this.#unanswered.add(watched);
    return watched;
  }
}
