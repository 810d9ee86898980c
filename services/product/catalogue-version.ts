import type { Sql } from "#mesh/postgres/sql";
import { findCatalogueVersion } from "./product-store.ts";

/** A change made by another process is seen at the latest after this time. */
const checkedEveryMs = 1000;

export interface CatalogueVersion {
  /** The version that cached answers must carry; at most a second old. */
  current(): Promise<string>;
  /** Asks the database again at the next chance: for the process that has just changed the catalogue. */
  forget(): void;
}

/**
 * Reads the version when somebody needs it and the last reading is old: one tiny query a second under load, none at
 * rest. It comes from PostgreSQL and not from a message, so a broken connection to Redis can delay nothing: what was
 * read before a commit is never stored under the version after it.
 */
export function createCatalogueVersion(sql: Sql, now: () => number): CatalogueVersion {
  let known: { version: Promise<string>; at: number } | undefined;
  return {
    current() {
      if (known !== undefined && now() - known.at < checkedEveryMs) return known.version;
      const version = findCatalogueVersion(sql);
      known = { version, at: now() };
      version.catch(() => {
        known = undefined;
      });
      return version;
    },
    forget() {
      known = undefined;
    },
  };
}
