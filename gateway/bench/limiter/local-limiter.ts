import { type Decision, gcra, type Pace } from "./gcra.ts";

/**
 * Decides in this process alone. It stands in for Redis, so what it lets in is exact for one gateway process.
 * Bounded: when full, the key that was first seen longest ago is forgotten, that is, its caller starts afresh.
 */
export class LocalLimiter {
  readonly #arrivals = new Map<string, number>();
  constructor(private readonly maxKeys = 100_000) {}

  decide(key: string, limit: Pace, now: number): Decision {
    const { arrival, decision } = gcra(limit, this.#arrivals.get(key), now);
    if (this.#arrivals.size >= this.maxKeys && !this.#arrivals.has(key)) {
      const oldest = this.#arrivals.keys().next();
      if (!oldest.done) this.#arrivals.delete(oldest.value);
    }
    this.#arrivals.set(key, arrival);
    return decision;
  }

  get size(): number {
    return this.#arrivals.size;
  }
}
