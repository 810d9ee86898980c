import { expect, test } from "bun:test";
import fc from "fast-check";
import { gcra, type Pace } from "./gcra.ts";
import { LocalLimiter } from "./local-limiter.ts";

const limit: Pace = { intervalMs: 100, burst: 5 };

test("a newcomer may use the whole burst at once, and then one request an interval", () => {
  const limiter = new LocalLimiter();
  const remaining = Array.from({ length: 5 }, () => limiter.decide("a", limit, 0).remaining);
  expect(remaining).toEqual([4, 3, 2, 1, 0]);
  expect(limiter.decide("a", limit, 0)).toMatchObject({ allowed: false, retryAfterMs: 100, resetMs: 500 });
  expect(limiter.decide("a", limit, 99).allowed).toBe(false);
  expect(limiter.decide("a", limit, 100).allowed).toBe(true);
  expect(limiter.decide("a", limit, 100).allowed).toBe(false);
});

test("after the reset time the whole burst is there again", () => {
  const limiter = new LocalLimiter();
  for (let times = 0; times < 5; times++) limiter.decide("a", limit, 0);
  expect(limiter.decide("a", limit, 500).remaining).toBe(4);
});

test("a refused request costs nothing", () => {
  const full = gcra(limit, 500, 0);
  expect(full.arrival).toBe(500);
});

test("callers do not share, and the memory is bounded", () => {
  const limiter = new LocalLimiter(10);
  for (let caller = 0; caller < 100; caller++) {
    expect(limiter.decide(`caller-${caller}`, limit, 0).remaining).toBe(4);
  }
  expect(limiter.size).toBe(10);
});

test("however requests arrive, never more than the burst and the rate get through", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 300 }), (gaps) => {
      const limiter = new LocalLimiter();
      let now = 0;
      let allowed = 0;
      for (const gap of gaps) {
        now += gap;
        if (limiter.decide("a", limit, now).allowed) allowed++;
      }
      expect(allowed).toBeLessThanOrEqual(limit.burst + Math.floor(now / limit.intervalMs));
    }),
  );
});
