import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Redis } from "ioredis";
import { eventually } from "#mesh/eventually";
import { openRedis, redisReady } from "#mesh/redis/open-redis";
import { uuidV7 } from "#mesh/uuid-v7";
import { createLog } from "#observability/log";
import { FlowAccount } from "./flow-account.ts";
import { LeasedLimiter } from "./leased-limiter.ts";
import type { Ask } from "./ledger-queue.ts";
import type { Limit } from "./limit.ts";
import { QuotaAccount } from "./quota-account.ts";
import { RedisLedger } from "./redis-ledger.ts";
import { Tally } from "./tally.ts";
import { flowLimit } from "./testing/flow-limit.ts";
import { ModelLedger } from "./testing/model-ledger.ts";

const log = createLog({ service: "gateway", level: "error", destination: { write: () => {} } });
const connections: Redis[] = [];
const limiters: LeasedLimiter[] = [];
const group = uuidV7();

async function connect(): Promise<Redis> {
  const redis = openRedis({ url: process.env.TEST_REDIS_URL ?? "", name: "limiter-test", log });
  connections.push(redis);
  await redisReady(redis);
  return redis;
}

/** One request, as a gateway asks. */
function ask(limiter: LeasedLimiter | undefined, limit: Limit, key: string, cost = 1): Promise<boolean> {
  if (!limiter) throw new Error("No such limiter");
  const account = limiter.account(limit, limit.rate, key);
  return Promise.resolve(limiter.decide([account], cost)).then((refusal) => refusal === undefined);
}

beforeAll(async () => {
  const four = await Promise.all(Array.from({ length: 4 }, connect));
  for (const redis of four) limiters.push(new LeasedLimiter({ redis, group, processes: 4 }));
  await eventually(() => (limiters.every(({ processes }) => processes === 4) ? true : undefined));
});
afterAll(async () => {
  for (const limiter of limiters) await limiter.close();
  for (const redis of connections) redis.disconnect();
});

test("the script in Redis and its model reckon the same", async () => {
  const ledger = new RedisLedger(await connect(), "me", group);
  const model = new ModelLedger();
  const limit = flowLimit(600, 60, 100);
  const flow = new FlowAccount(uuidV7(), "test", new Tally(), limit.rate);
  const day: Limit["rate"] = { kind: "quota", requests: 300, period: "day", policy: "" };
  const quota = new QuotaAccount(uuidV7(), "test", new Tally(), day, Date.now());
  const few = (most: number) => Math.floor(Math.random() * (most + 1));
  for (let times = 0; times < 200; times++) {
    const batch: Ask[] = [flow, quota].map((account) => ({
      account,
      tickets: [],
      need: few(3),
      extra: few(5),
      back: few(3),
      keepAheadMs: 2500,
      owed: few(2),
    }));
    const { at, grants } = await ledger.exchange(batch);
    const expected = model.exchange(batch, at);
    for (const [nth, { granted, mark }] of expected.entries()) {
      expect(grants[nth]?.granted).toBe(granted);
      expect(Math.abs((grants[nth]?.mark ?? 0) - mark)).toBeLessThan(0.1);
    }
  }
});

test("gateways share a small limit exactly, all asked at once", async () => {
  const key = uuidV7();
  const limit = flowLimit(5, 60, 5);
  const allowed = await Promise.all(Array.from({ length: 40 }, (_, at) => ask(limiters[at % 4], limit, key)));
  expect(allowed.filter(Boolean)).toHaveLength(5);
});

test("four gateways with uneven traffic keep to a limit, and nearly always without waiting", async () => {
  const key = uuidV7();
  const limit = flowLimit(1000, 1, 100);
  const shares = [0.7, 0.2, 0.08, 0.02];
  let [allowed, waited, asked] = [0, 0, 0];
  const began = performance.now();
  for (let elapsed = 0; elapsed < 1500; elapsed = performance.now() - began) {
    for (const due = elapsed * 2; asked < due; asked++) {
      const random = Math.random();
      const process = shares.findIndex((_, at) => random < shares.slice(0, at + 1).reduce((a, b) => a + b));
      const limiter = limiters[process === -1 ? 0 : process];
      const account = limiter?.account(limit, limit.rate, key);
      const refusal = account && limiter?.decide([account], 1);
      if (refusal instanceof Promise) waited++;
      void Promise.resolve(refusal).then((later) => (allowed += later === undefined ? 1 : 0));
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const most = 100 + (performance.now() - began);
  expect(allowed / most).toBeWithin(0.8, 1.01);
  expect(waited / asked).toBeLessThan(0.8);
});

test("what is not used goes back: another gateway can have all of a quota", async () => {
  const key = uuidV7();
  const limit: Limit = {
    ...flowLimit(1, 1, 1),
    rate: { kind: "quota", requests: 1000, period: "month", policy: "" },
  };
  // Enough at once for a lease.
  for (let times = 0; times < 20; times++) expect(await ask(limiters[0], limit, key)).toBe(true);
  const redis = await connect();
  const [name = ""] = await redis.keys(`quota:${key}:*`);
  expect(name).toMatch(/:\d{4}-\d{2}$/);
  await eventually(async () => ((await redis.get(name)) === "20" ? true : undefined));
  expect(await redis.pttl(name)).toBeGreaterThan(0);
});

test("a count leaves Redis by itself", async () => {
  const key = uuidV7();
  await ask(limiters[0], flowLimit(5, 5, 5), key);
  expect(await (await connect()).pttl(`limit:${key}`)).toBeWithin(1, 2100);
});

describe("several limits at once", () => {
  test("what one of them refuses costs the others nothing", async () => {
    const [wide, narrow] = [flowLimit(600, 60, 100), { ...flowLimit(1, 60, 1), name: "narrow" }];
    const [wideKey, narrowKey] = [uuidV7(), uuidV7()];
    const [limiter] = limiters;
    const decide = () => {
      const accounts = [
        limiter?.account(wide, wide.rate, wideKey),
        limiter?.account(narrow, narrow.rate, narrowKey),
      ];
      return limiter?.decide(
        accounts.filter((each) => each !== undefined),
        1,
      );
    };
    expect(await decide()).toBeUndefined();
    for (let times = 0; times < 20; times++) {
      expect(await decide()).toMatchObject({ violated: ["narrow"], retryAfterMs: expect.any(Number) });
    }
    const left = limiter?.account(wide, wide.rate, wideKey).remaining(limiter.now());
    expect(left).toBe(99);
  });
});
