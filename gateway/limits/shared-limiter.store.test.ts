import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Redis } from "ioredis";
import { openRedis, redisReady } from "#mesh/redis/open-redis";
import { uuidV7 } from "#mesh/uuid-v7";
import { createLog } from "#observability/log";
import { testRedisUrl } from "../test-gateway.ts";
import type { Pace } from "./gcra.ts";
import { LocalLimiter } from "./local-limiter.ts";
import { SharedLimiter } from "./shared-limiter.ts";

const limit: Pace = { intervalMs: 60_000, burst: 5 };
const log = createLog({ service: "gateway", level: "error", destination: { write: () => {} } });
let first: Redis;
let second: Redis;

beforeAll(async () => {
  first = openRedis({ url: testRedisUrl(), name: "limiter-1", log });
  second = openRedis({ url: testRedisUrl(), name: "limiter-2", log });
  await Promise.all([redisReady(first), redisReady(second)]);
});
afterAll(() => {
  first.disconnect();
  second.disconnect();
});

test("gateways share one count, exact under concurrency", async () => {
  const limiters = [first, second].map((redis) => new SharedLimiter(redis, new LocalLimiter(), 5000));
  const key = uuidV7();
  const decisions = await Promise.all(
    Array.from({ length: 20 }, async (_, at) => limiters[at % 2]?.decide(key, limit, Date.now())),
  );
  expect(decisions.filter((decision) => decision?.allowed)).toHaveLength(5);
  expect(decisions.every((decision) => decision?.by === "shared")).toBe(true);
});

test("Redis and this process reckon the same", async () => {
  const key = uuidV7();
  const shared = new SharedLimiter(first, new LocalLimiter(), 5000);
  const local = new LocalLimiter();
  for (let times = 0; times < 7; times++) {
    const ours = local.decide(key, limit, 0);
    const theirs = await shared.decide(key, limit, Date.now());
    expect([theirs.allowed, theirs.remaining]).toEqual([ours.allowed, ours.remaining]);
    expect(Math.abs(theirs.retryAfterMs - ours.retryAfterMs)).toBeLessThan(1000);
  }
});

test("the count leaves Redis by itself", async () => {
  const key = uuidV7();
  const soon: Pace = { ...limit, intervalMs: 1000 };
  await new SharedLimiter(first, new LocalLimiter(), 5000).decide(key, soon, Date.now());
  expect(await first.pttl(`limit:${key}`)).toBeWithin(1, 1001);
});

test("a Redis that is slow costs one request its patience, and is then left alone", async () => {
  const slow = openRedis({ url: testRedisUrl(), name: "limiter-slow", log });
  await redisReady(slow);
  // The commands of one connection wait for each other, so this one holds up the limiter's and nobody else's.
  const blocked = slow.blpop(`nothing:${uuidV7()}`, 0.5).catch(() => null);
  const limiter = new SharedLimiter(slow, new LocalLimiter(), 50);
  const key = uuidV7();
  const began = performance.now();
  expect((await limiter.decide(key, limit, Date.now())).by).toBe("local");
  expect(performance.now() - began).toBeWithin(40, 250);
  expect(limiter.decide(key, limit, Date.now())).toMatchObject({ by: "local", remaining: 3 });
  await blocked;
  expect((await limiter.decide(key, limit, Date.now() + 2000)).by).toBe("shared");
  slow.disconnect();
});

test("a Redis that is away is not waited for", () => {
  const away = openRedis({ url: "redis://127.0.0.1:49150", name: "limiter-away", log });
  const decision = new SharedLimiter(away, new LocalLimiter()).decide("a", limit, 0);
  expect(decision).toMatchObject({ by: "local", allowed: true });
  away.disconnect();
});
