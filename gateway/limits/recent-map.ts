/**
 * Remembers what was used lately, in two generations: when the young one is full it becomes the old one, and what was
 * in the old one and has not been used since is forgotten. Bounded, and without a list to keep in order.
 */
export class RecentMap<T> {
  #young = new Map<string, T>();
  #old = new Map<string, T>();

  /** @param maxEntries of both generations together */
  constructor(private readonly maxEntries: number) {}

  get(key: string): T | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old === undefined) return undefined;
    this.#old.delete(key);
    this.set(key, old);
    return old;
  }

  set(key: string, value: T): void {
    if (this.#young.size * 2 >= this.maxEntries) this.turn();
    this.#young.set(key, value);
  }

  /** Forgets what was not used since the last turn. */
  turn(): void {
    this.#old = this.#young;
    this.#young = new Map();
  }

  *values(): Iterable<T> {
    yield* this.#young.values();
    yield* this.#old.values();
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
