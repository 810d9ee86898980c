import { describe, expect, test } from "bun:test";
import { SimulatedTime } from "../testing/simulated-time.ts";
import { LeasedLimiter } from "./leased-limiter.ts";
import type { Ledger } from "./ledger.ts";
import type { FlowRate, Limit } from "./limit.ts";
import { flowLimit } from "./testing/flow-limit.ts";
import { SimulatedRedis } from "./testing/simulated-redis.ts";

/** Numbers that look random and are the same each time (a linear congruential generator). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

async function openFour() {
  const time = new SimulatedTime();
  const redis = new SimulatedRedis(time);
  const limiters = [1, 2, 3, 4].map(
    (nth) =>
      new LeasedLimiter({
        ledger: redis.ledger(String(nth)),
        processes: 4,
        timing: time,
        random: numbers(nth),
      }),
  );
  // Until each has seen the others.
  await time.pass(2000);
  return { time, redis, limiters };
}

type Four = Awaited<ReturnType<typeof openFour>>;

/** Counts what comes of requests: how many were let in, how many had to wait, and for how long at most. */
class Outcomes {
  asked = 0;
  allowed = 0;
  waited = 0;
  longestMs = 0;
  pending = 0;

  constructor(private readonly time: SimulatedTime) {}

  ask(limiter: LeasedLimiter | undefined, limit: Limit, key: string): void {
    if (!limiter) throw new Error("No such limiter");
    const refusal = limiter.decide([limiter.account(limit, limit.rate, key)], 1);
    this.asked++;
    if (!(refusal instanceof Promise)) {
      if (refusal === undefined) this.allowed++;
      return;
    }
    this.waited++;
    this.pending++;
    const askedAt = this.time.now();
    void refusal.then((later) => {
      this.pending--;
      this.longestMs = Math.max(this.longestMs, this.time.now() - askedAt);
      if (later === undefined) this.allowed++;
    });
  }
}

/** Of what a flow lets in within this time, its burst included. */
const most = ({ burst, intervalMs }: FlowRate, ms: number) => burst + ms / intervalMs;

/** Ten times the limit, half of it at one of the four. */
async function overload({ time, limiters }: Four, key: string, forMs: number) {
  const limit = flowLimit(200, 1, 20);
  const outcomes = new Outcomes(time);
  for (let at = 0; at < forMs; at += 3) {
    for (const limiter of [...limiters, limiters[0], limiters[0]]) outcomes.ask(limiter, limit, key);
    await time.pass(3);
  }
  await time.pass(5);
  return { outcomes, ratio: outcomes.allowed / most(limit.rate, forMs) };
}

const days: Record<string, { begin: (redis: SimulatedRedis) => void; end: (redis: SimulatedRedis) => void }> =
  {
    hangs: {
      begin: (redis) => {
        redis.manner = "hangs";
      },
      end: (redis) => redis.recover(),
    },
    "takes 50 ms": {
      begin: (redis) => {
        redis.delayMs = 25;
      },
      end: (redis) => {
        redis.delayMs = 0.2;
      },
    },
    "refuses to count": {
      begin: (redis) => {
        redis.manner = "refuses";
      },
      end: (redis) => redis.recover(),
    },
    "is gone and comes back empty": {
      begin: (redis) => {
        redis.manner = "gone";
      },
      end: (redis) => redis.restart(),
    },
  };

describe("four gateways", () => {
  test.each(Object.keys(days))(
    "Redis %s: limits hold, nobody waits 5 ms, and then it is asked again",
    async (name) => {
      const four = await openFour();
      const { time, redis, limiters } = four;
      expect((await overload(four, "before", 500)).ratio).toBeWithin(0.9, 1.02);
      days[name]?.begin(redis);
      const { ratio, outcomes } = await overload(four, "meanwhile", 1500);
      expect(ratio).toBeWithin(0.5, 1.1);
      expect(outcomes.longestMs).toBeLessThan(5);
      expect(outcomes.pending).toBe(0);
      expect(limiters.every(({ degraded }) => degraded)).toBe(true);
      days[name]?.end(redis);
      await time.pass(2000);
      expect(limiters.filter(({ degraded }) => degraded)).toEqual([]);
      expect(limiters.map(({ processes }) => processes)).toEqual([4, 4, 4, 4]);
      expect((await overload(four, "after", 500)).ratio).toBeWithin(0.9, 1.02);
    },
  );

  const day: Limit["rate"] = { kind: "quota", requests: 20, period: "day", policy: "" };
  test.each(["gone", "answers"] as const)(
    "Redis loses its data and %s meanwhile: what one of them alone knew holds for all",
    async (manner) => {
      const { time, redis, limiters } = await openFour();
      const answered = async () => {
        // First, so that what was asked is on its way before time passes.
        await time.pass(0);
        await time.pass(1);
      };
      for (const limit of [flowLimit(20, 3600, 20), { ...flowLimit(20, 3600, 20), rate: day }]) {
        const [before, meanwhile, after] = [new Outcomes(time), new Outcomes(time), new Outcomes(time)];
        const key = limit.rate.kind;
        for (let times = 0; times < 30; times++) before.ask(limiters[3], limit, key);
        await answered();
        expect(before.allowed).toBe(20);
        redis.manner = manner;
        if (manner === "gone") redis.cut.add("4");
        await time.pass(manner === "gone" ? 1500 : 0);
        redis.restart();
        for (let ms = 0; ms < 4000; ms += 20) {
          if (ms === 1500) redis.cut.clear();
          for (const limiter of limiters) meanwhile.ask(limiter, limit, key);
          await time.pass(20);
        }
        // Of a caller of whom nothing is known at most one each, until all have told.
        expect(meanwhile.allowed).toBeLessThanOrEqual(3);
        expect(limiters.filter(({ degraded }) => degraded)).toEqual([]);
        for (const limiter of limiters) after.ask(limiter, limit, key);
        await answered();
        expect([after.pending, after.allowed]).toEqual([0, 0]);
      }
    },
  );

  test("with uneven traffic keep to a limit and use it up, and nearly always without waiting", async () => {
    const { time, limiters } = await openFour();
    const limit = flowLimit(1000, 1, 100);
    const outcomes = new Outcomes(time);
    const random = numbers(9);
    for (let at = 0; at < 1500; at += 2) {
      for (let nth = 0; nth < 4; nth++) {
        const number = random();
        const process = [0.7, 0.9, 0.98, 1].findIndex((part) => number < part);
        outcomes.ask(limiters[process], limit, "caller");
      }
      await time.pass(2);
    }
    expect(outcomes.allowed / most(limit.rate, 1500)).toBeWithin(0.95, 1.01);
    expect(outcomes.waited / outcomes.asked).toBeLessThan(0.3);
  });

  test("wait for a Redis that answers, also where some request always does", async () => {
    const { time, limiters } = await openFour();
    const small = flowLimit(1, 60, 1);
    const outcomes = new Outcomes(time);
    for (let nth = 0; nth < 500; nth++) {
      for (const limiter of limiters) outcomes.ask(limiter, small, `caller ${nth}`);
      await time.pass(0.4);
    }
    await time.pass(5);
    expect(outcomes.waited).toBe(2000);
    expect(outcomes.allowed).toBe(500);
  });
});

test("who asks a Redis that never answers has a decision before a timer of 5 ms, however busy the machine is", async () => {
  const never = new Promise<never>(() => {});
  let isReady = true;
  const silent: Ledger = {
    get isReady() {
      return isReady;
    },
    exchange: () => never,
    restore: () => never,
    announce: () => never,
    leave: () => never,
  };
  const limiter = new LeasedLimiter({ ledger: silent });
  const limit = flowLimit(5, 60, 5);
  let decided = false;
  const decision = limiter.decide([limiter.account(limit, limit.rate, "caller")], 1);
  expect(decision).toBeInstanceOf(Promise);
  void Promise.resolve(decision).then(() => {
    decided = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 5));
  // Of timers that are due in the same turn the earlier goes first, and looks at what has arrived: as many turns as that takes.
  for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
  expect(decided).toBe(true);
  expect(limiter.degraded).toBe(true);
  expect(limiter.decide([limiter.account(limit, limit.rate, "caller")], 1)).not.toBeInstanceOf(Promise);
  isReady = false;
  await limiter.close();
});
