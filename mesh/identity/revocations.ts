import type { Redis } from "ioredis";
import type { Log } from "#observability/log";
import { watchConnection } from "../redis/watch-connection.ts";
import { createRevocationList } from "./revocation-list.ts";

/** Members are session ids, scores the end of their last token in milliseconds. */
const sessionsKey = "revoked:sessions";
/** Members are `<issuedBefore in ms> <subject>`, without a subject for everybody; scores as above. */
const issuedBeforeKey = "revoked:issued-before";
const sessionsChannel = "revocations";
/** A channel of its own, so that a process that knows of sessions only is not confused by it. */
const issuedBeforeChannel = "revocations:issued-before";
const pruneEveryMs = 60_000;
const retryMs = 500;
/** A process that starts serves with the list, or, when Redis does not give it in this time, without. */
const firstReadWithinMs = 5000;
/** What Redis keeps for longer than tokens live, so that a process with a fast clock removes nothing early. */
const keepAfterMs = 3_600_000;

/** What ended before its tokens did. Every verifier holds the whole list, so that asking costs nothing. */
export interface Revocations {
  /** @param issuedAt seconds since the epoch, as in `iat`; without it and `subject` only the session is asked for */
  isRevoked(sessionId: string, subject?: string, issuedAt?: number): boolean;
  /** Ends a session; `until` is when its last token expires. @throws when Redis is away */
  revoke(sessionId: string, until: Date): Promise<void>;
  /**
   * Ends all tokens of a user that were issued before a time, API keys' included. `iat` counts in seconds: a token of
   * the very second of `issuedBefore` is refused, unless its `iat` has a fraction that says that it is younger.
   * @throws when Redis is away
   */
  revokeUser(userId: string, issuedBefore: Date, until: Date): Promise<void>;
  /** The same for everybody. @throws when Redis is away */
  revokeAll(issuedBefore: Date, until: Date): Promise<void>;
  /** How many entries this process holds. */
  size(): number;
  close(): Promise<void>;
}

/**
 * Follows the revocations over Redis: a snapshot at every (re)connection, then the channels. While Redis is away the
 * list stays as it is, so a token that was verified before is accepted at most until it expires.
 */
export async function openRevocations({
  redis,
  log,
  now = Date.now,
}: {
  redis: Redis;
  log: Log;
  now?: () => number;
}): Promise<Revocations> {
  const list = createRevocationList({ now });
  const subscriber = redis.duplicate({
    maxRetriesPerRequest: null,
    enableOfflineQueue: true,
  });
  const prune = setInterval(() => list.prune(), pruneEveryMs);
  prune.unref();

  /** Listens first and reads then: what is revoked between the two arrives twice rather than never. */
  async function catchUp(): Promise<void> {
    await subscriber.subscribe(sessionsChannel, issuedBeforeChannel);
    const since = now() - keepAfterMs;
    const sessions = await redis.zrangebyscore(sessionsKey, since, "+inf", "WITHSCORES");
    for (const [session, until] of scored(sessions)) list.addSession(session, until);
    const times = await redis.zrangebyscore(issuedBeforeKey, since, "+inf", "WITHSCORES");
    for (const [member, until] of scored(times)) addIssuedBefore(member, until);
  }

  function addIssuedBefore(member: string, until: number): void {
    const space = member.indexOf(" ");
    list.addIssuedBefore(member.slice(space + 1), Number(member.slice(0, space)), until);
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

  const unwatch = [watchConnection(subscriber, log), watchConnection(redis, log)];

  subscriber.on("message", (channel: string, message: string) => {
    // A session id and a time, or a time, an earlier time and a subject.
    const space = message.indexOf(" ");
    const [first, rest] = [message.slice(0, space), message.slice(space + 1)];
    if (channel === sessionsChannel) list.addSession(first, Number(rest));
    else addIssuedBefore(rest, Number(first));
  });
  subscriber.on("error", () => {});
  subscriber.on("ready", () => void catchUpOrRetry());
  if (redis.status === "ready") await Promise.race([firstRead, sleep(firstReadWithinMs)]);

  async function tell(key: string, member: string, until: number, channel: string, message: string) {
    const results = await redis
      .multi()
      .zadd(key, until, member)
      .zremrangebyscore(key, "-inf", now() - keepAfterMs)
      .publish(channel, message)
      .exec();
    const failed = results?.find(([error]) => error)?.[0];
    if (failed || !results) throw failed ?? new Error("Redis gave up the transaction");
  }

  async function revokeIssuedBefore(subject: string, issuedBefore: number, until: number): Promise<void> {
    if (until <= now()) return;
    const member = `${issuedBefore} ${subject}`;
    addIssuedBefore(member, until);
    await tell(issuedBeforeKey, member, until, issuedBeforeChannel, `${until} ${member}`);
  }

  return {
    isRevoked: list.isRevoked,
    async revoke(sessionId, until) {
      const end = until.getTime();
      // Nothing of it is good any more.
      if (end <= now()) return;
      list.addSession(sessionId, end);
      await tell(sessionsKey, sessionId, end, sessionsChannel, `${sessionId} ${end}`);
    },
    async revokeUser(userId, issuedBefore, until) {
      if (userId === "") throw new Error("A user to revoke has no id, which would mean everybody");
      await revokeIssuedBefore(userId, issuedBefore.getTime(), until.getTime());
    },
    revokeAll: (issuedBefore, until) => revokeIssuedBefore("", issuedBefore.getTime(), until.getTime()),
    size: list.size,
    async close() {
      clearInterval(prune);
      for (const end of unwatch) end();
      clearTimeout(retry);
      subscriber.disconnect();
    },
  };
}

/** What `WITHSCORES` gives, in pairs. */
function* scored(rows: readonly string[]): Generator<readonly [string, number]> {
  for (let at = 0; at + 1 < rows.length; at += 2) yield [rows[at] as string, Number(rows[at + 1])];
}

const sleep = (ms: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, ms).unref();
  });
