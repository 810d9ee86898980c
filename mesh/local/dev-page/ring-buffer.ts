/** The last `size` of what was added; each has a number that never comes again. */
export class RingBuffer<T> {
  readonly #items: T[] = [];
  readonly #size: number;
  #added = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** How many were added ever. */
  get added(): number {
    return this.#added;
  }

  add(item: T): void {
    this.#items[this.#added % this.#size] = item;
    this.#added += 1;
  }

  /** From the newest to the oldest, those before number `from` left out. */
  *newestFirst(from = 0): Generator<T> {
    const oldest = Math.max(from, this.#added - this.#size);
    for (let at = this.#added - 1; at >= oldest; at--) yield this.#items[at % this.#size] as T;
  }

  /** The newest `limit` that pass, in the order in which they were added. */
  last(limit: number, passes: (item: T) => boolean = () => true, from = 0): T[] {
    const found: T[] = [];
    for (const item of this.newestFirst(from)) {
      if (found.length === limit) break;
      if (passes(item)) found.push(item);
    }
    return found.reverse();
  }
}
