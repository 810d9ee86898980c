import type { Redis } from "ioredis";
import type { Revocations } from "#mesh/identity/revocations";
import { accessTokenLifetime } from "./access-tokens.ts";
import type { RefreshTokenHashes } from "./refresh-token.ts";
import { type About, readSession, type Session, type SessionOwner } from "./session.ts";
import { rotateScript, startScript } from "./session-scripts.ts";

/** From sign-in to the end, however often it is refreshed. */
export const sessionLifetimeMs = 30 * 24 * 3600_000;
/** Who signed in or refreshed within this time counts as active. */
const activeWithinMs = 30 * 60_000;
/** How long revocations and ended sessions are kept: no access token lives longer, clocks that differ included. */
export const afterlifeMs = (accessTokenLifetime + 60) * 1000;

/** Redis does not answer. Whoever asked gets no session: refreshing fails closed. */
export class SessionsUnavailable extends Error {
  override readonly name = "SessionsUnavailable";
}

/** @throws SessionsUnavailable for whatever Redis failed with */
export async function reachable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new SessionsUnavailable("The session store does not answer", { cause });
  }
}

export type Rotation = "rotated" | "reused" | "unknown";

export interface SessionStore {
  start(userId: string, token: RefreshTokenHashes, about?: About): Promise<void>;
  /** Whose session it is; undefined when there is none. */
  find(sessionId: string): Promise<SessionOwner | undefined>;
  /** The sessions of a person that can go on, the latest first. */
  list(userId: string): Promise<readonly Session[]>;
  /** Whether a token is of the session at all, and whether it is the one that is good next. Does not use it up. */
  look(presented: RefreshTokenHashes): Promise<"current" | "used" | "unknown">;
  /** Puts the hash of a new secret in place of the presented one, if that is the current one; else ends the session. */
  rotate(userId: string, presented: RefreshTokenHashes, next: RefreshTokenHashes): Promise<Rotation>;
  /** Ends sessions and has their access tokens refused everywhere. Ending one again does no harm. */
  end(userId: string, sessionId: string): Promise<void>;
  /** @param except a session that goes on */
  endAll(userId: string, except?: string): Promise<void>;
  /** Ends what a client began in anybody's name, or in one person's. */
  endAllOfClient(clientId: string, userId?: string): Promise<void>;
  /** How many people signed in or refreshed lately, over all processes. */
  countActiveUsers(): Promise<number>;
}

const activeUsersKey = "users:active";
const sessionKey = (sessionId: string) => `session:${sessionId}`;
const sessionsKey = (userId: string) => `user:${userId}:sessions`;
/** Where there is no client, nothing stands under this key. */
const clientSessionsKey = (clientId: string) => `client:${clientId}:sessions`;

/**
 * Sessions in Redis, one hash each, changed only by scripts so that two processes cannot both win.
 * @param maxSessionsPerUser a further session ends the oldest, so that one account cannot fill the store
 */
export function createSessionStore({
  redis,
  revocations,
  now,
  maxSessionsPerUser = 1000,
}: {
  redis: Redis;
  revocations: Pick<Revocations, "revoke">;
  now: () => Date;
  maxSessionsPerUser?: number;
}): SessionStore {
  /** Revoked first: if the rest fails, the caller tries again and nothing is left half open. */
  async function endMany(userId: string, sessionIds: readonly string[]): Promise<void> {
    if (sessionIds.length === 0) return;
    const until = new Date(now().getTime() + afterlifeMs);
    await Promise.all(sessionIds.map((id) => revocations.revoke(id, until)));
    await redis.del(sessionIds.map(sessionKey));
    await redis.zrem(sessionsKey(userId), ...sessionIds);
  }

  async function start(userId: string, token: RefreshTokenHashes, about: About): Promise<void> {
    const { sessionId, family, secret } = token;
    const { client = "", scope = "", agent = "", address = "" } = about;
    const keys = [sessionKey(sessionId), sessionsKey(userId), activeUsersKey, clientSessionsKey(client)];
    const at = now().getTime();
    const times = [at, at + sessionLifetimeMs, maxSessionsPerUser];
    const values = [sessionId, userId, family, secret, ...times, client, scope, agent, address];
    const surplus = (await redis.eval(startScript, keys.length, ...keys, ...values)) as string[];
    await endMany(userId, surplus);
  }

  async function list(userId: string): Promise<Session[]> {
    const ids = await redis.zrevrange(sessionsKey(userId), 0, -1);
    const hashes = await Promise.all(ids.map((id) => redis.hgetall(sessionKey(id))));
    return hashes.flatMap((hash, at) => readSession(ids[at] ?? "", hash) ?? []);
  }

  async function rotate(
    userId: string,
    { sessionId, family, secret }: RefreshTokenHashes,
    next: RefreshTokenHashes,
  ): Promise<Rotation> {
    const keys = [sessionKey(sessionId), activeUsersKey];
    const values = [userId, family, secret, next.secret, now().getTime(), afterlifeMs];
    const rotation = (await redis.eval(rotateScript, keys.length, ...keys, ...values)) as Rotation;
    if (rotation === "reused") {
      await revocations.revoke(sessionId, new Date(now().getTime() + afterlifeMs));
      await redis.zrem(sessionsKey(userId), sessionId);
    }
    return rotation;
  }

  async function find(sessionId: string): Promise<SessionOwner | undefined> {
    const [userId, client, scope] = await redis.hmget(sessionKey(sessionId), "user", "client", "scope");
    return userId ? { userId, client: client ?? "", scope: scope ?? "" } : undefined;
  }

  async function endAllOfClient(clientId: string, userId?: string): Promise<void> {
    const key = clientSessionsKey(clientId);
    for (const id of await redis.zrange(key, "0", "-1")) {
      const owner = await redis.hget(sessionKey(id), "user");
      if (userId !== undefined && owner !== userId) continue;
      if (owner) await endMany(owner, [id]);
      await redis.zrem(key, id);
    }
  }

  return {
    start: (userId, token, about = {}) => reachable(start(userId, token, about)),
    find: (sessionId) => reachable(find(sessionId)),
    list: (userId) => reachable(list(userId)),
    async look({ sessionId, family, secret }) {
      const known = await reachable(redis.hmget(sessionKey(sessionId), "family", "secret"));
      if (known[0] !== family) return "unknown";
      return known[1] === secret ? "current" : "used";
    },
    rotate: (userId, presented, next) => reachable(rotate(userId, presented, next)),
    end: (userId, sessionId) => reachable(endMany(userId, [sessionId])),
    endAll: async (userId, except) => {
      const sessionIds = await reachable(redis.zrange(sessionsKey(userId), "0", "-1"));
      await reachable(
        endMany(
          userId,
          sessionIds.filter((id) => id !== except),
        ),
      );
    },
    endAllOfClient: (clientId, userId) => reachable(endAllOfClient(clientId, userId)),
    async countActiveUsers() {
      const since = now().getTime() - activeWithinMs;
      await redis.zremrangebyscore(activeUsersKey, "-inf", since);
      return redis.zcard(activeUsersKey);
    },
  };
}
