import type { Account } from "../account.ts";
import type { Ask, Grant } from "../ledger-queue.ts";

/** Reckons as the script in `redis-ledger.ts` does, without Redis. Times in ms. For tests only. */
export class ModelLedger {
  readonly #states = new Map<string, number>();
  commands = 0;
  keys = 0;

  exchange(batch: readonly Ask[], now: number): Grant[] {
    this.commands++;
    this.keys += batch.length;
    return batch.map((ask) => this.#one(ask, now));
  }

  restore(accounts: readonly Account[]): void {
    this.commands++;
    for (const { storeKey, told } of accounts)
      this.#states.set(storeKey, Math.max(this.#states.get(storeKey) ?? 0, told));
  }

  /** A restart with empty data. */
  forget(): void {
    this.#states.clear();
  }

  state(storeKey: string): number | undefined {
    return this.#states.get(storeKey);
  }

  #one({ account, need, extra, back, keepAheadMs, owed }: Ask, now: number): Grant {
    const { storeKey, spacingMs: spacing, depth, told } = account;
    let state = this.#states.get(storeKey) ?? told;
    const grantOf = (left: number) => {
      const first = Math.min(need, left);
      return first + Math.min(extra, Math.floor((left - first) / 2));
    };
    if (spacing === 0) {
      state = Math.max(0, state + owed - back);
      const granted = grantOf(Math.max(0, depth - state));
      this.#states.set(storeKey, state + granted);
      return { granted, mark: state + granted };
    }
    const full = now + depth * spacing;
    const ceiling = full + depth * spacing;
    state = Math.max(now, Math.min(state, ceiling));
    state = Math.max(state, Math.min(state + owed * spacing, ceiling));
    const room = Math.floor((state - now - keepAheadMs) / spacing);
    state -= Math.max(0, Math.min(back, room)) * spacing;
    const granted = grantOf(Math.max(0, Math.floor((full - state) / spacing + 1e-6)));
    this.#states.set(storeKey, state + granted * spacing);
    return { granted, mark: state };
  }
}
