import type { Redis } from "ioredis";
import type { Revocations } from "#mesh/identity/revocations";
import { accessTokenLifetime } from "./access-tokens.ts";
import type { RefreshTokenHashes } from "./refresh-token.ts";

/** From sign-in to the end, however often it is refreshed. */
export const sessionLifetimeMs = 30 * 24 * 3600_000;
/** Who signed in or refreshed within this time counts as active. */
export const activeWithinMs = 30 * 60_000;
/** How long revocations and ended sessions are kept: no access token lives longer, clocks that differ included. */
const afterlifeMs = (accessTokenLifetime + 60) * 1000;

/** Redis does not answer. Whoever asked gets no session: refreshing fails closed. */
export class SessionsUnavailable extends Error {
  override readonly name = "SessionsUnavailable";
}

export type Rotation = "rotated" | "reused" | "unknown";

export interface SessionStore {
  start(userId: string, token: RefreshTokenHashes): Promise<void>;
  /** Whose session it is; undefined when there is none. */
  owner(sessionId: string): Promise<string | undefined>;
  /** Puts the hash of a new secret in place of the presented one, if that is the current one; else ends the session. */
  rotate(userId: string, presented: RefreshTokenHashes, next: RefreshTokenHashes): Promise<Rotation>;
  /** Ends sessions and has their access tokens refused everywhere. Ending one again does no harm. */
  end(userId: string, sessionId: string): Promise<void>;
  endAll(userId: string): Promise<void>;
  /** How many people signed in or refreshed lately, over all processes. */
  countActiveUsers(): Promise<number>;
}

// KEYS: the session, the user's sessions, the active users. ARGV: session id, user id, family, secret, now, expiry, most.
const startScript = `
redis.call('HSET', KEYS[1], 'user', ARGV[2], 'family', ARGV[3], 'secret', ARGV[4])
redis.call('PEXPIREAT', KEYS[1], ARGV[6])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[5])
redis.call('ZADD', KEYS[2], ARGV[6], ARGV[1])
redis.call('PEXPIREAT', KEYS[2], ARGV[6])
redis.call('ZADD', KEYS[3], ARGV[5], ARGV[2])
local surplus = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[7])
if surplus <= 0 then return {} end
local popped = redis.call('ZPOPMIN', KEYS[2], surplus)
local ended = {}
for i = 1, #popped, 2 do ended[#ended + 1] = popped[i] end
return ended`;

// KEYS: the session, the active users. ARGV: user id, family, presented secret, next secret, now, afterlife.
// A reused token leaves the session without a current secret instead of removing it: if the revocation that has to
// follow fails, the next attempt with any token of the family comes here again and repeats it.
const rotateScript = `
local known = redis.call('HMGET', KEYS[1], 'family', 'secret')
if known[1] ~= ARGV[2] then return 'unknown' end
if known[2] ~= ARGV[3] then
  redis.call('HSET', KEYS[1], 'secret', '')
  redis.call('PEXPIRE', KEYS[1], ARGV[6])
  return 'reused'
end
redis.call('HSET', KEYS[1], 'secret', ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[5], ARGV[1])
return 'rotated'`;

const activeUsersKey = "users:active";
const sessionKey = (sessionId: string) => `session:${sessionId}`;
const sessionsKey = (userId: string) => `user:${userId}:sessions`;

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
  const reachable = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (cause) {
      throw new SessionsUnavailable("The session store does not answer", { cause });
    }
  };

  /** Revoked first: if the rest fails, the caller tries again and nothing is left half open. */
  async function endMany(userId: string, sessionIds: readonly string[]): Promise<void> {
    if (sessionIds.length === 0) return;
    const until = new Date(now().getTime() + afterlifeMs);
    await Promise.all(sessionIds.map((id) => revocations.revoke(id, until)));
    await redis.del(sessionIds.map(sessionKey));
    await redis.zrem(sessionsKey(userId), ...sessionIds);
  }

  async function start(userId: string, { sessionId, family, secret }: RefreshTokenHashes): Promise<void> {
    const keys = [sessionKey(sessionId), sessionsKey(userId), activeUsersKey];
    const at = now().getTime();
    const times = [at, at + sessionLifetimeMs, maxSessionsPerUser];
    const values = [sessionId, userId, family, secret, ...times];
    const surplus = (await redis.eval(startScript, keys.length, ...keys, ...values)) as string[];
    await endMany(userId, surplus);
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

  return {
    start: (userId, token) => reachable(start(userId, token)),
    owner: async (sessionId) => (await reachable(redis.hget(sessionKey(sessionId), "user"))) ?? undefined,
    rotate: (userId, presented, next) => reachable(rotate(userId, presented, next)),
    end: (userId, sessionId) => reachable(endMany(userId, [sessionId])),
    endAll: async (userId) => {
      const sessionIds = await reachable(redis.zrange(sessionsKey(userId), "0", "-1"));
      await reachable(endMany(userId, sessionIds));
    },
    async countActiveUsers() {
      const since = now().getTime() - activeWithinMs;
      await redis.zremrangebyscore(activeUsersKey, "-inf", since);
      return redis.zcard(activeUsersKey);
    },
  };
}
