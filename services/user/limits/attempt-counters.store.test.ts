import { afterAll, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { openTestRedis } from "../test-service.ts";
import { createAttemptCounters } from "./attempt-counters.ts";
import { attempt, type Failures, longestDelayMs, spend } from "./attempt-rules.ts";

const redis = await openTestRedis();
const gone = await openTestRedis();
gone.disconnect();
afterAll(() => redis.disconnect());

/** From now on, because Redis lets keys go by its own clock. */
const start = Date.now();
let at = start;
const now = () => new Date(at);
const shared = createAttemptCounters({ redis, now });
const alone = createAttemptCounters({ redis: gone, now });
const rate = { intervalMs: 60_000, burst: 3 };

test("Redis, the process alone and the pure rules count alike", async () => {
  const steps = fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(steps, async (pauses) => {
      const key = randomUUID();
      at = start;
      let arrival: number | undefined;
      let failures: Failures | undefined;
      for (const pause of pauses) {
        at += pause;
        const taken = spend(arrival, at, rate);
        arrival = taken.arrival;
        expect(await shared.take(`take:${key}`, rate)).toBe(taken.waitMs);
        expect(await alone.take(`take:${key}`, rate)).toBe(taken.waitMs);
        const tried = attempt(failures, at);
        failures = tried.failures;
        expect(await shared.attempt(`try:${key}`)).toBe(tried.waitMs);
        expect(await alone.attempt(`try:${key}`)).toBe(tried.waitMs);
      }
    }),
    { numRuns: 50 },
  );
  at = start;
});

test("a burst is let in, and one more each interval", async () => {
  const key = randomUUID();
  const waits = [];
  for (let nth = 0; nth < 5; nth++) waits.push(await shared.take(key, rate));
  expect(waits).toEqual([0, 0, 0, 60_000, 60_000]);
  await shared.giveBack(key, rate);
  expect(await shared.take(key, rate)).toBe(0);
});

test("two mistakes cost nothing, then each makes the next attempt wait twice as long, to a bound", async () => {
  const key = randomUUID();
  const delays = [];
  for (let nth = 0; nth < 10; nth++) {
    expect(await shared.attempt(key)).toBe(0);
    const wait = await shared.attempt(key);
    // An attempt that was let in at once counts, too.
    delays.push(wait);
    at += wait;
  }
  expect(delays[0]).toBe(0);
  expect(Math.max(...delays)).toBe(longestDelayMs);
  await shared.forget(key);
  expect(await shared.attempt(key)).toBe(0);
  at = start;
});

test("a hundred attempts at one instant are not all the first", async () => {
  const key = randomUUID();
  const waits = await Promise.all(Array.from({ length: 100 }, () => shared.attempt(key)));
  expect(waits.filter((wait) => wait === 0)).toHaveLength(3);
});

test("known members are remembered, the latest twenty", async () => {
  const key = randomUUID();
  for (let nth = 0; nth < 25; nth++) {
    at += 1;
    await shared.remember(key, `m${nth}`);
  }
  expect([await shared.knows(key, "m4"), await shared.knows(key, "m24")]).toEqual([false, true]);
  await alone.remember(key, "here");
  expect(await alone.knows(key, "here")).toBe(true);
});
