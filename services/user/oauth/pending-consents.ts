import { createHash } from "node:crypto";
import type { Redis } from "ioredis";
import { reachable } from "../session-store.ts";

/** As long as the browser's own part of it. */
const keptMs = 600_000;

/** Requests of clients whose person has gone to sign in elsewhere; too long for a cookie, and each comes back once. */
export interface PendingConsents {
  /** @param query of the request, with its question mark */
  keep(state: string, query: string): Promise<void>;
  take(state: string): Promise<string | undefined>;
}

export function createPendingConsents(redis: Redis): PendingConsents {
  const keyOf = (state: string) => `oauth:pending:${createHash("sha256").update(state).digest("base64url")}`;
  return {
    async keep(state, query) {
      await reachable(redis.set(keyOf(state), query, "PX", keptMs));
    },
    take: async (state) => (await reachable(redis.getdel(keyOf(state)))) ?? undefined,
  };
}
