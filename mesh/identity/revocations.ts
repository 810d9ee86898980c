import type { Redis } from "ioredis";
import type { Log } from "#observability/log";

const key = "revoked:sessions";
const channel = "revocations";
/** No access token outlives its session's end by more than this, so an older entry says nothing. */
const pruneEveryMs = 60_000;
const retryMs = 500;
/** A process that starts serves with the list, or, when Redis does not give it in this time, without. */
const firstReadWithinMs = 5000;

/** Sessions that ended before their tokens did. Every verifier holds the whole list, so that asking costs nothing. */
export interface Revocations {
  isRevoked(sessionId: string): boolean;
  /** Tells every verifier; `until` is when the last token of the session expires. @throws when Redis is away */
  revoke(sessionId: string, until: Date): Promise<void>;
  close(): Promise<void>;
}

/**
 * Follows the revocations over Redis: a snapshot at every (re)connection, then the channel. While Redis is away the
 * list stays as it is, so a token that was verified before is accepted at most until it expires.
 */
export async function openRevocations({ redis, log }: { redis: Redis; log: Log }): Promise<Revocations> {
  const revoked = new Map<string, number>();
  const subscriber = redis.duplicate({
    maxRetriesPerRequest: null,
    commandTimeout: 0,
    enableOfflineQueue: true,
  });
  const prune = setInterval(() => {
    const now = Date.now();
    for (const [session, until] of revoked) if (until <= now) revoked.delete(session);
  }, pruneEveryMs);
  prune.unref();

  /** Listens first and reads then: what is revoked between the two arrives twice rather than never. */
  async function catchUp(): Promise<void> {
    await subscriber.subscribe(channel);
    const rows = await redis.zrangebyscore(key, Date.now(), "+inf", "WITHSCORES");
    for (let at = 0; at + 1 < rows.length; at += 2) revoked.set(rows[at] as string, Number(rows[at + 1]));
  }

  let caughtUp = () => {};
  const firstRead = new Promise<void>((resolve) => {
    caughtUp = resolve;
  });
  let retry: ReturnType<typeof setTimeout> | undefined;
  async function catchUpOrRetry(tried = 1): Promise<void> {
    clearTimeout(retry);
    await catchUp().then(caughtUp, (error: unknown) => {
      // A process that is busy starting may be late once without anything being wrong.
      if (tried > 1) log.warn({ err: error, tried }, "revocations are not up to date");
      retry = setTimeout(() => void catchUpOrRetry(tried + 1), retryMs);
    });
  }

  subscriber.on("message", (_channel: string, message: string) => {
    const [session, until] = message.split(" ");
    if (session && Number.isFinite(Number(until))) revoked.set(session, Number(until));
  });
  subscriber.on("error", () => {});
  subscriber.on("ready", () => void catchUpOrRetry());
  if (redis.status === "ready") await Promise.race([firstRead, sleep(firstReadWithinMs)]);

  return {
    isRevoked: (sessionId) => (revoked.get(sessionId) ?? 0) > Date.now(),
    async revoke(sessionId, until) {
      revoked.set(sessionId, until.getTime());
      const results = await redis
        .multi()
        .zadd(key, until.getTime(), sessionId)
        .zremrangebyscore(key, "-inf", Date.now())
        .publish(channel, `${sessionId} ${until.getTime()}`)
        .exec();
      const failed = results?.find(([error]) => error)?.[0];
      if (failed || !results) throw failed ?? new Error("Redis gave up the transaction");
    },
    async close() {
      clearInterval(prune);
      clearTimeout(retry);
      subscriber.disconnect();
    },
  };
}

const sleep = (ms: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, ms).unref();
  });
