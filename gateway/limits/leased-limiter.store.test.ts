import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Redis } from "ioredis";
import { eventually } from "#mesh/eventually";
import { openRedis, redisReady } from "#mesh/redis/open-redis";
import { uuidV7 } from "#mesh/uuid-v7";
import { createLog } from "#observability/log";
import { SimulatedTime } from "../testing/simulated-time.ts";
import { FlowAccount } from "./flow-account.ts";
import { LeasedLimiter } from "./leased-limiter.ts";
import type { Ask } from "./ledger-queue.ts";
import type { Limit } from "./limit.ts";
import { QuotaAccount } from "./quota-account.ts";
import { RedisLedger } from "./redis-ledger.ts";
import { Tally } from "./tally.ts";
import { flowLimit } from "./testing/flow-limit.ts";
import { ModelLedger } from "./testing/model-ledger.ts";
import { ModelPresence } from "./testing/model-presence.ts";
import { WatchedLedger } from "./testing/watched-ledger.ts";

const log = createLog({ service: "gateway", level: "error", destination: { write: () => {} } });
const connections: Redis[] = [];
const ledgers: WatchedLedger[] = [];
const limiters: LeasedLimiter[] = [];
/** It stands still while somebody waits for Redis, so nobody ever loses patience. */
const time = new SimulatedTime();
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
  for (const redis of four) {
    const ledger = new WatchedLedger(new RedisLedger(redis, group));
    ledgers.push(ledger);
    limiters.push(new LeasedLimiter({ ledger, processes: 4, timing: time }));
  }
  await eventually(async () => {
    await time.pass(100);
    for (const ledger of ledgers) await ledger.answered();
    return limiters.every(({ processes, degraded }) => processes === 4 && !degraded) || undefined;
  });
});
afterAll(async () => {
  for (const limiter of limiters) await limiter.close();
  for (const redis of connections) redis.disconnect();
});

test("the script in Redis and its model reckon the same", async () => {
  const ledger = new RedisLedger(await connect(), group);
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
      tellsOnly: false,
    }));
    const { at, grants } = await ledger.exchange(batch);
    const expected = model.exchange(batch, at);
    for (const [nth, { granted, mark }] of expected.entries()) {
      expect(grants[nth]?.granted).toBe(granted);
      expect(Math.abs((grants[nth]?.mark ?? 0) - mark)).toBeLessThan(0.1);
    }
  }
});

test("what is told of a state that Redis has lost, and signs of life, count as in their models", async () => {
  const redis = await connect();
  const ledger = new RedisLedger(redis);
  const model = new ModelLedger();
  const day: Limit["rate"] = { kind: "quota", requests: 300, period: "day", policy: "" };
  const flow = new FlowAccount(uuidV7(), "test", new Tally(), flowLimit(600, 60, 100).rate);
  const quota = new QuotaAccount(uuidV7(), "test", new Tally(), day, Date.now());
  const since = Date.now();
  for (const told of [30, 20, 40, 10]) {
    flow.told = since + told * 1000 + 0.25;
    quota.told = told;
    await ledger.restore([flow, quota]);
    model.restore([flow, quota]);
    expect(Number(await redis.get(flow.storeKey))).toBe((model.state(flow.storeKey) ?? 0) * 1000);
    expect(Number(await redis.get(quota.storeKey))).toBe(model.state(quota.storeKey) ?? 0);
    expect(await redis.pttl(flow.storeKey)).toBeWithin(1, told * 1000 + 40_001);
  }
  const presence = new ModelPresence();
  const group = uuidV7();
  const two = await Promise.all([0, 1].map(async () => new RedisLedger(await connect(), group)));
  const lives = new Set<string>();
  let before = 0;
  for (const [nth, step] of [
    [0, "lives"],
    [1, "restored"],
    [0, "restored"],
    [1, "told"],
    [0, "told"],
  ] as const) {
    for (const from of [0, before]) {
      const { at, life, ...counts } = await (two[nth] as RedisLedger).announce(step, from);
      const { processes, signed } = presence.sign(String(nth), step, from, at);
      expect(counts).toEqual({ processes, signed });
      lives.add(life);
      if (from === before) before = at;
    }
  }
  expect([...lives]).toEqual([expect.stringMatching(/^[0-9a-f]{40}$/)]);
});

test("gateways share a small limit exactly, all asked at once", async () => {
  const key = uuidV7();
  const limit = flowLimit(5, 3600, 5);
  const allowed = await Promise.all(Array.from({ length: 40 }, (_, at) => ask(limiters[at % 4], limit, key)));
  expect(allowed.filter(Boolean)).toHaveLength(5);
});

test("four gateways with uneven traffic use up a quota and keep to it, and mostly without waiting", async () => {
  const key = uuidV7();
  const limit: Limit = {
    ...flowLimit(1, 1, 1),
    rate: { kind: "quota", requests: 1000, period: "month", policy: "" },
  };
  const turns = [0, 0, 0, 1, 0, 0, 1, 0, 0, 2, 0, 0, 1, 0, 0, 0, 1, 0, 3, 0];
  let [allowed, waited] = [0, 0];
  for (let asked = 0; asked < 2000; asked++) {
    const limiter = limiters[turns[asked % turns.length] as number] as LeasedLimiter;
    const refusal = limiter.decide([limiter.account(limit, limit.rate, key)], 1);
    if (refusal instanceof Promise) waited++;
    if ((await refusal) === undefined) allowed++;
    await time.pass(0.5);
    for (const ledger of ledgers) await ledger.answered();
  }
  expect(allowed).toBeWithin(990, 1009);
  expect(waited / 2000).toBeLessThan(0.5);
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
  const [name = ""] = await redis.keys(`${group}:quota:${key}:*`);
  expect(name).toMatch(/:\d{4}-\d{2}$/);
  await eventually(async () => {
    await time.pass(100);
    for (const ledger of ledgers) await ledger.answered();
    return (await redis.get(name)) === "20" || undefined;
  });
  expect(await redis.pttl(name)).toBeGreaterThan(0);
});

test("groups of gateways count for themselves on one Redis", async () => {
  const limit = flowLimit(5, 3600, 5);
  const key = uuidV7();
  const ledger = new WatchedLedger(new RedisLedger(await connect(), uuidV7()));
  const other = new LeasedLimiter({ ledger, timing: time });
  await eventually(async () => {
    await time.pass(100);
    await ledger.answered();
    return !other.degraded || undefined;
  });
  for (let times = 0; times < 5; times++) expect(await ask(limiters[0], limit, key)).toBe(true);
  expect(await ask(limiters[1], limit, key)).toBe(false);
  expect(await ask(other, limit, key)).toBe(true);
  await other.close();
});

test("a count leaves Redis by itself", async () => {
  const key = uuidV7();
  await ask(limiters[0], flowLimit(5, 3600, 5), key);
  // One token is gone, and a second more.
  expect(await (await connect()).pttl(`${group}:limit:${key}`)).toBeWithin(1, 721_002);
});

describe("several limits at once", () => {
  test("what one of them refuses costs the others nothing", async () => {
    const [wide, narrow] = [flowLimit(600, 36_000, 100), { ...flowLimit(1, 3600, 1), name: "narrow" }];
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
