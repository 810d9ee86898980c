import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SimulatedTime } from "../testing/simulated-time.ts";
import { LeasedLimiter } from "./leased-limiter.ts";
import type { FlowRate, Limit } from "./limit.ts";
import { creditFor, unknownBurst } from "./shares.ts";
import { flowLimit, overshoot } from "./testing/flow-limit.ts";
import { SimulatedRedis } from "./testing/simulated-redis.ts";

const processes = 4;
/** So long after it let something in a process has told it, if Redis answers. Milliseconds. */
const toldWithinMs = 25;
/** After its way is open again it is tried within this. Milliseconds. */
const probedWithinMs = 250;

const limits = fc.constantFrom(
  flowLimit(100, 1, 100),
  flowLimit(200, 1, 20),
  flowLimit(600, 60, 100),
  flowLimit(600, 60, 600),
  flowLimit(20, 60, 10),
  flowLimit(1000, 1, 1000),
);

/** Bursts, and steady requests, at one process. Milliseconds from the start. */
const demands = fc.array(
  fc.record({
    process: fc.nat(processes - 1),
    from: fc.nat(3500),
    forMs: fc.nat(2000),
    everyMs: fc.constantFrom(5, 10, 20),
    /** Of the burst of the limit. */
    burst: fc.double({ min: 0, max: 1.2, noNaN: true }),
  }),
  { maxLength: 10, size: "max" },
);

const outages = fc.record({
  manner: fc.constantFrom("hangs", "refuses", "gone" as const),
  from: fc.integer({ min: 50, max: 1500 }),
  forMs: fc.oneof(fc.nat(1000), fc.nat(3000)),
});

async function openFour(random: () => number) {
  const time = new SimulatedTime();
  const redis = new SimulatedRedis(time);
  const limiters = Array.from(
    { length: processes },
    (_, nth) => new LeasedLimiter({ ledger: redis.ledger(String(nth)), processes, timing: time, random }),
  );
  await time.pass(2500);
  return { time, redis, limiters };
}

interface Demand {
  readonly process: number;
  readonly from: number;
  readonly forMs: number;
  readonly everyMs: number;
  readonly burst: number;
}

interface Days {
  readonly limit: ReturnType<typeof flowLimit>;
  readonly demand: readonly Demand[];
  /** What happens to Redis, and when. */
  readonly events: readonly { readonly at: number; readonly run: (redis: SimulatedRedis) => void }[];
  /** From 0 to 1: how far apart signs of life are. */
  readonly random: number;
}

/** What four processes let in of one caller, and when. */
async function admittedIn({ limit, demand, events, random }: Days) {
  const { time, redis, limiters } = await openFour(() => random);
  const admitted: { at: number; cost: number }[] = [];
  const ask = async (limiter: LeasedLimiter | undefined) => {
    const refusal = await limiter?.decide([limiter.account(limit, limit.rate, "caller")], 1);
    if (refusal === undefined) admitted.push({ at: time.now(), cost: 1 });
  };
  const [start, stepMs] = [time.now(), 5];
  for (const { at, run } of events) time.after(at, () => run(redis));
  for (let ms = 0; ms < 5000; ms += stepMs) {
    for (const each of demand) {
      const since = ms - each.from;
      let times = since >= 0 && since < each.forMs && since % each.everyMs < stepMs ? 1 : 0;
      if (since >= 0 && since < stepMs) times += Math.floor(each.burst * limit.rate.burst);
      for (; times > 0; times--) void ask(limiters[each.process]);
    }
    // First, so that what was asked is on its way before time passes.
    await time.pass(0);
    await time.pass(start + ms + stepMs - time.now());
  }
  await time.pass(1000);
  expect(limiters.map(({ degraded }) => degraded)).toEqual(Array(processes).fill(false));
  return admitted.sort((a, b) => a.at - b.at);
}

/**
 * What decision 0015 allows beyond a limit when Redis was away: a tenth, or one request in each of the others; the credit;
 * and what is on its way.
 */
function allowedOver({ requests, perSeconds, burst, intervalMs }: FlowRate): number {
  const unknown = (unknownBurst(burst, requests, processes) * (processes - 1)) / processes;
  const credit = creditFor(requests * Math.max(1, 10 / perSeconds), burst, processes);
  return unknown + processes * credit + toldWithinMs / intervalMs + 1e-3;
}

const becomes = (manner: SimulatedRedis["manner"]) => (redis: SimulatedRedis) => {
  redis.manner = manner;
};
const recovers = (redis: SimulatedRedis) => redis.recover();
const part = fc.double({ min: 0, max: 1, noNaN: true });

describe("however Redis is away, for however long, and whoever notices:", () => {
  test("no span of time lets in more than the limit and a tenth", async () => {
    const property = fc.asyncProperty(
      limits,
      demands,
      outages,
      part,
      async (limit, demand, outage, random) => {
        const { manner, from, forMs } = outage;
        const events = [
          { at: from, run: becomes(manner) },
          { at: from + forMs, run: recovers },
        ];
        const admitted = await admittedIn({ limit, demand, events, random });
        expect(overshoot(limit.rate, admitted)).toBeLessThanOrEqual(allowedOver(limit.rate));
      },
    );
    await fc.assert(property, { numRuns: 50 });
  }, 120_000);

  test("a process that alone has lost its way to it lets in its part of the limit beyond that", async () => {
    const property = fc.asyncProperty(
      limits,
      demands,
      outages,
      part,
      async (limit, demand, outage, random) => {
        const { from, forMs } = outage;
        const events = [
          { at: from, run: (redis: SimulatedRedis) => redis.cut.add("0") },
          { at: from + forMs, run: (redis: SimulatedRedis) => redis.cut.delete("0") },
        ];
        const admitted = await admittedIn({ limit, demand, events, random });
        const { intervalMs } = limit.rate;
        expect(overshoot(limit.rate, admitted)).toBeLessThanOrEqual(
          allowedOver(limit.rate) + (forMs + probedWithinMs) / intervalMs / processes,
        );
      },
    );
    await fc.assert(property, { numRuns: 50 });
  }, 120_000);

  const fast = flowLimit(100, 1, 100);
  const slow = flowLimit(600, 60, 100);
  const steady = (process: number, from: number, forMs: number) => ({
    process,
    from,
    forMs,
    everyMs: 5,
    burst: 0,
  });
  const burst = (process: number, from: number, times = 1.2) => ({
    process,
    from,
    forMs: 0,
    everyMs: 5,
    burst: times,
  });

  test.each(["refuses", "gone"] as const)(
    "it %s between two signs of life of a process that asks it nothing, and gives that one what others let in",
    async (manner) => {
      // Signs of life are 312.5 ms apart: here at 316 and at 629 ms.
      const events = [
        { at: 320, run: becomes(manner) },
        { at: 620, run: recovers },
      ];
      const demand = [
        burst(0, 300),
        ...[0, 1, 2].map((process) => steady(process, 320, 1000)),
        burst(3, 620),
      ];
      const admitted = await admittedIn({ limit: fast, demand, events, random: 1 });
      expect(overshoot(fast.rate, admitted)).toBeLessThanOrEqual(allowedOver(fast.rate));
    },
  );

  test("what it gives to who has waited in vain is not taken, for others have let in their part meanwhile", async () => {
    const events = [
      { at: 225, run: becomes("hangs") },
      { at: 1115, run: recovers },
    ];
    const demand = [
      burst(0, 420, 1.1),
      ...[1, 2, 3].map((process) => burst(process, 600)),
      steady(0, 1120, 500),
    ];
    const admitted = await admittedIn({ limit: slow, demand, events, random: 0.5 });
    expect(overshoot(slow.rate, admitted)).toBeLessThanOrEqual(allowedOver(slow.rate));
  });

  test("who asks it nothing notices too that it hangs, and that it answers again", async () => {
    const { time, redis, limiters } = await openFour(() => 1);
    redis.manner = "hangs";
    await time.pass(600);
    expect(limiters.map(({ degraded }) => degraded)).toEqual([true, true, true, true]);
    redis.recover();
    await time.pass(1000);
    expect(limiters.map(({ degraded }) => degraded)).toEqual([false, false, false, false]);
  });

  test("what was known of a quota may be old, and gives no more than a tenth", async () => {
    const { time, redis, limiters } = await openFour(() => 0.5);
    const day: Limit = { ...slow, rate: { kind: "quota", requests: 1000, period: "day", policy: "" } };
    let allowed = 0;
    const ask = async (process: number, times: number) => {
      const limiter = limiters[process] as LeasedLimiter;
      for (let nth = 0; nth < times; nth++)
        void Promise.resolve(limiter.decide([limiter.account(day, day.rate, "caller")], 1)).then(
          (refusal) => {
            if (refusal === undefined) allowed++;
          },
        );
      await time.pass(0);
      await time.pass(100);
    };
    for (const process of [0, 1, 2]) await ask(process, 1);
    await ask(3, 2000);
    expect(allowed).toBeWithin(990, 1010);
    redis.manner = "gone";
    for (const process of [0, 1, 2, 3]) await ask(process, 500);
    expect(allowed).toBeWithin(1010, 1100);
  });
});
