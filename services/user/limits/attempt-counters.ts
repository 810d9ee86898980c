import type { Redis } from "ioredis";
import { BoundedMap } from "#mesh/bounded-map";
import {
  type AttemptRate,
  attempt,
  type Failures,
  firstDelayMs,
  forgetFailuresAfterMs,
  freeFailures,
  longestDelayMs,
  spend,
} from "./attempt-rules.ts";

/** Counts attempts over all processes; while Redis is away, each process counts by itself and nobody is let in freely. */
export interface AttemptCounters {
  /** Takes one of what `rate` allows. @returns milliseconds to wait, 0 when it was taken */
  take(key: string, rate: AttemptRate): Promise<number>;
  /** Gives back what an attempt took that turned out to be none. */
  giveBack(key: string, rate: AttemptRate): Promise<void>;
  /** Counts one attempt that fails unless `forget` follows. @returns milliseconds to wait, 0 when it may be made */
  attempt(key: string): Promise<number>;
  forget(key: string): Promise<void>;
  /** Remembers a member of a small set, the latest 20, for 90 days. */
  remember(key: string, member: string): Promise<void>;
  knows(key: string, member: string): Promise<boolean>;
}

const rememberedMembers = 20;
const rememberMs = 90 * 24 * 3600_000;

// KEYS: the arrival time. ARGV: now, interval, burst.
const spendScript = `
local now, interval = tonumber(ARGV[1]), tonumber(ARGV[2])
local from = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local early = from + interval - tonumber(ARGV[3]) * interval - now
if early > 0 then return early end
redis.call('SET', KEYS[1], string.format('%.0f', from + interval), 'PX', from + interval - now)
return 0`;

// KEYS: the arrival time. ARGV: interval.
const giveBackScript = `
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('DECRBY', KEYS[1], ARGV[1]) end
return 0`;

// KEYS: the failures. ARGV: now, free failures, first delay, longest delay, forgotten after.
const attemptScript = `
local now = tonumber(ARGV[1])
local known = redis.call('HMGET', KEYS[1], 'count', 'until')
local count, wait = tonumber(known[1] or 0), tonumber(known[2] or 0) - now
if wait > 0 then return wait end
local delay = 0
if count >= tonumber(ARGV[2]) - 1 then
  delay = math.min(tonumber(ARGV[3]) * 2 ^ math.min(count - tonumber(ARGV[2]) + 1, 16), tonumber(ARGV[4]))
end
redis.call('HSET', KEYS[1], 'count', count + 1, 'until', string.format('%.0f', now + delay))
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 0`;

const keyOf = (key: string) => `attempts:${key}`;

export function createAttemptCounters({ redis, now }: { redis: Redis; now: () => Date }): AttemptCounters {
  const arrivals = new BoundedMap<number>(40_000);
  const failed = new BoundedMap<Failures>(40_000);
  const members = new BoundedMap<ReadonlySet<string>>(10_000);

  /** The shared count, or this process's own where there is none to be had. */
  const shared = <T>(work: () => Promise<T>, alone: () => T): Promise<T> => work().catch(alone);
  const ran = async (script: string, key: string, ...values: number[]) =>
    Number(await redis.eval(script, 1, keyOf(key), ...values));

  return {
    take(key, rate) {
      const at = now().getTime();
      return shared(
        () => ran(spendScript, key, at, rate.intervalMs, rate.burst),
        () => {
          const { arrival, waitMs } = spend(arrivals.get(key), at, rate);
          arrivals.set(key, arrival);
          return waitMs;
        },
      );
    },
    giveBack: (key, { intervalMs }) =>
      shared(
        async () => void (await ran(giveBackScript, key, intervalMs)),
        () => {
          const arrival = arrivals.get(key);
          if (arrival !== undefined) arrivals.set(key, arrival - intervalMs);
        },
      ),
    attempt(key) {
      const at = now().getTime();
      const rule = [freeFailures, firstDelayMs, longestDelayMs, forgetFailuresAfterMs];
      return shared(
        () => ran(attemptScript, key, at, ...rule),
        () => {
          const { failures, waitMs } = attempt(failed.get(key), at);
          failed.set(key, failures);
          return waitMs;
        },
      );
    },
    async forget(key) {
      failed.delete(key);
      await shared(
        async () => void (await redis.del(keyOf(key))),
        () => {},
      );
    },
    async remember(key, member) {
      members.set(key, new Set([...[...(members.get(key) ?? [])].slice(1 - rememberedMembers), member]));
      const at = now().getTime();
      await shared(
        async () => {
          await redis
            .multi()
            .zadd(keyOf(key), at, member)
            .zremrangebyrank(keyOf(key), 0, -1 - rememberedMembers)
            .pexpire(keyOf(key), rememberMs)
            .exec();
        },
        () => {},
      );
    },
    knows: (key, member) =>
      shared(
        async () => (await redis.zscore(keyOf(key), member)) !== null,
        () => members.get(key)?.has(member) ?? false,
      ),
  };
}
