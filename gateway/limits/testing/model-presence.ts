import { type Presence, type Step, steps } from "../ledger.ts";

/** A process that was not seen for so long has gone, as in `redis-ledger.ts`. Milliseconds. */
const presentMs = 5000;

/** Counts signs of life as the script in `redis-ledger.ts` does, without Redis. Times in ms. For tests only. */
export class ModelPresence {
  /** When each process signed at last, for each step. */
  #signs: readonly Map<string, number>[] = steps.map(() => new Map());
  #lives = 0;

  get life(): string {
    return String(this.#lives);
  }

  sign(id: string, step: Step, since: number, at: number): Presence {
    const nth = steps.indexOf(step);
    for (const signs of this.#signs.slice(0, nth + 1)) signs.set(id, at);
    const count = (of: number, from: number) =>
      [...(this.#signs[of]?.values() ?? [])].filter((seen) => seen >= from && at - seen < presentMs).length;
    return { at, processes: count(0, 0), signed: count(nth, since), life: this.life };
  }

  leave(id: string): void {
    for (const signs of this.#signs) signs.delete(id);
  }

  /** With empty data. */
  restart(): void {
    this.#signs = steps.map(() => new Map());
    this.#lives++;
  }
}
