/** A map of at most so many entries, in two halves: when the younger one is full, the older one goes. */
export class BoundedMap<Value> {
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  /** @param most entries; never more, and never fewer than half of those used last */
  constructor(private readonly most: number) {}

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: Value): void {
    this.#old.delete(key);
    this.#young.set(key, value);
    if (this.#young.size >= this.most / 2) this.turn();
  }

  /** Forgets what was not used since the last turn. */
  turn(): void {
    this.#old = this.#young;
    this.#young = new Map();
  }

  *values(): Iterable<Value> {
    yield* this.#young.values();
    yield* this.#old.values();
  }

  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }
}
