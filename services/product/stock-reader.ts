import type { Sql } from "#mesh/postgres/sql";
import { createBoundedMemory } from "./bounded-memory.ts";
import { findAvailable } from "./stock-store.ts";

/** Another process may have sold the last piece so long ago. A hold decides, never this number. */
const staleMs = 2000;
const maxRemembered = 10_000;

/** How many pieces of a product are free to sell, at most two seconds old and never in Redis. */
export interface StockReader {
  available(ids: readonly string[]): Promise<Map<string, number>>;
  /** What this process has just learned from a change it made. */
  learn(levels: Iterable<readonly [productId: string, available: number]>): void;
}

export function createStockReader(sql: Sql, now: () => number): StockReader {
  const memory = createBoundedMemory<number>({ max: maxRemembered, ttlMs: staleMs, now });
  return {
    async available(ids) {
      const found = new Map<string, number>();
      const missing: string[] = [];
      for (const id of ids) {
        const known = memory.get(id);
        if (known === undefined) missing.push(id);
        else found.set(id, known);
      }
      if (missing.length === 0) return found;
      for (const [id, available] of await findAvailable(sql, missing)) {
        memory.set(id, available);
        found.set(id, available);
      }
      return found;
    },
    learn(levels) {
      for (const [id, available] of levels) memory.set(id, available);
    },
  };
}
