import postgres, { type Sql } from "postgres";
import { orAway } from "./or-away.ts";

/**
 * A pool that is replaced when a connection of it fails or does not answer. postgres.js 3.4.9 was seen to wait for ever
 * on a connection that the server had just closed (Bun 1.4.5, a query at that very millisecond, the next one at once
 * after its failure), and such a connection never leaves its pool.
 */
export function createRenewablePool(name: string, open: () => Sql) {
  let current = open();
  return {
    /** @throws what the server says of a statement as it is, the rest as "`name` is away", at the latest after `ms` */
    async use<T>(ms: number, work: (sql: Sql) => Promise<T>): Promise<T> {
      const used = current;
      let refusal: unknown;
      const working = work(used).catch((error: unknown) => {
        if (error instanceof postgres.PostgresError && error.severity !== "FATAL") refusal = error;
        throw error;
      });
      try {
        return await orAway(name, ms, working);
      } catch (error) {
        if (refusal) throw refusal;
        if (current === used) current = open();
        void used.end({ timeout: 0 });
        throw error;
      }
    },
    end: () => current.end({ timeout: 5 }),
  };
}
