import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Limit } from "./limit.ts";
import { creditFor } from "./shares.ts";
import { flowLimit, overshoot } from "./testing/flow-limit.ts";
import { type SimulatedRequest, Simulation } from "./testing/simulation.ts";

/** Requests, seconds, burst: small and large, slow and fast. */
const limits = fc.constantFrom(
  flowLimit(5, 60, 5),
  flowLimit(20, 60, 10),
  flowLimit(600, 60, 100),
  flowLimit(600, 60, 600),
  flowLimit(100, 1, 100),
  flowLimit(1000, 1, 1000),
  flowLimit(1000, 1, 50),
);

/** Bursts and pauses at processes that share a caller as it comes. */
const schedules = (maxCost: number, size: "small" | "max" = "small") =>
  fc.array(
    fc.record({
      gap: fc.oneof({ weight: 8, arbitrary: fc.double({ min: 0, max: 30, noNaN: true }) }, fc.nat(4000)),
      process: fc.nat(3),
      cost: fc.integer({ min: 1, max: maxCost }),
      times: fc.oneof({ weight: 5, arbitrary: fc.constant(1) }, fc.nat(120)),
    }),
    { maxLength: 60, size },
  );

function requestsOf(schedule: readonly { gap: number; process: number; cost: number; times: number }[]) {
  let at = 0;
  return schedule.flatMap(({ gap, process, cost, times }): SimulatedRequest[] => {
    at += gap;
    const from = at;
    return Array.from({ length: times }, (_, nth) => ({ at: from + nth / 4, process, cost }));
  });
}

/** Requests at random moments, so many a second at each process. */
function steady(perSecond: readonly number[], seconds: number): SimulatedRequest[] {
  let seed = 7;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const requests = perSecond.flatMap((rate, process) => {
    const own: SimulatedRequest[] = [];
    for (let at = 0; rate > 0 && at < seconds * 1000; at -= (Math.log(random()) * 1000) / rate)
      own.push({ at, process });
    return own;
  });
  return requests.sort((a, b) => a.at - b.at);
}

/**
 * What decision 0015 promises beyond the limit: the credit of 1 %, and what is earned while an answer is on its way
 * (1.2 ms here), for a token counts in Redis and is used where it arrives.
 */
const creditOf = ({ rate }: ReturnType<typeof flowLimit>, processes = 4) =>
  processes * creditFor(rate.requests * Math.max(1, 10 / rate.perSeconds), rate.burst, processes) +
  1.2 / rate.intervalMs +
  1e-3;

describe("while Redis answers", () => {
  test("however requests come, no span of time lets in more than the limit and the credit of 1 %", () => {
    fc.assert(
      fc.property(limits, schedules(3), fc.integer({ min: 1, max: 4 }), (limit, schedule, processes) => {
        const own = schedule.map((each) => ({ ...each, process: each.process % processes }));
        const admitted = new Simulation({ limit, processes }).run(requestsOf(own));
        expect(overshoot(limit.rate, admitted)).toBeLessThanOrEqual(creditOf(limit, processes));
      }),
      { numRuns: 2000 },
    );
  });

  test("a slow answer changes nothing in that", () => {
    fc.assert(
      fc.property(
        limits,
        schedules(1),
        fc.double({ min: 0, max: 1.4, noNaN: true }),
        (limit, schedule, ms) => {
          const admitted = new Simulation({ limit, processes: 4, delayMs: () => ms }).run(
            requestsOf(schedule),
          );
          expect(overshoot(limit.rate, admitted)).toBeLessThanOrEqual(creditOf(limit));
        },
      ),
      { numRuns: 500 },
    );
  });

  const uneven = [0.7, 0.2, 0.08, 0.02];
  const sharings = [[1], [0.25, 0.25, 0.25, 0.25], uneven];
  const cases = [flowLimit(600, 60, 100), flowLimit(100, 1, 100), flowLimit(1000, 1, 1000)].flatMap((limit) =>
    sharings.flatMap((shares) => [1, 1.5, 5].map((times) => ({ limit, shares, times }))),
  );

  test.each(cases)(
    "$limit.rate.requests in $limit.rate.perSeconds s, asked for $times times by processes as $shares: used up, and not more",
    ({ limit, shares, times }) => {
      const perSecond = (limit.rate.requests / limit.rate.perSeconds) * times;
      const seconds = Math.max(10, Math.min(60, 10_000 / perSecond));
      const requests = steady(
        shares.map((share) => share * perSecond),
        seconds,
      );
      const simulation = new Simulation({ limit, processes: 4 });
      const admitted = simulation.run(requests).length;
      const most = limit.rate.burst + (seconds * limit.rate.requests) / limit.rate.perSeconds;
      const due = Math.min(most, requests.length);
      expect(admitted / due).toBeWithin(0.98, 1.01);
    },
  );

  test("nearly all requests below the limit are decided at once", () => {
    for (const limit of [flowLimit(600, 60, 100), flowLimit(100, 1, 100), flowLimit(1000, 1, 1000)]) {
      const perSecond = (0.7 * limit.rate.requests) / limit.rate.perSeconds;
      const requests = steady(
        uneven.map((share) => share * perSecond),
        30,
      );
      const simulation = new Simulation({ limit, processes: 4 });
      expect(simulation.run(requests)).toHaveLength(requests.length);
      const waited = simulation.processes.reduce(
        (sum, { limiter }) => sum + limiter.tally("test").allowed.shared,
        0,
      );
      expect(waited / requests.length).toBeLessThan(0.06);
    }
  });

  test("a small limit is exact, whichever process is asked", () => {
    const limit = flowLimit(5, 60, 5);
    const requests = Array.from({ length: 40 }, (_, at) => ({ at: at * 5, process: at % 4 }));
    expect(new Simulation({ limit, processes: 4 }).run(requests)).toHaveLength(5);
  });

  test("who goes from one process to another finds what is left", () => {
    const limit = flowLimit(600, 60, 100);
    const first = Array.from({ length: 50 }, (_, at) => ({ at: at * 4, process: 0 }));
    const second = Array.from({ length: 80 }, (_, at) => ({ at: 1500 + at * 4, process: 1 }));
    const admitted = new Simulation({ limit, processes: 4 }).run([...first, ...second]);
    // 100 at once, and 18 more that were earned in 1.8 s.
    expect(admitted.length).toBeWithin(112, 120);
  });
});

describe("quotas", () => {
  const quota = (requests: number): Limit => ({
    name: "test",
    by: ["user"],
    rate: { kind: "quota", requests, period: "day", policy: "" },
    tiers: new Map(),
    exempt: [],
  });

  test("are given out whole and not exceeded by more than 1 %", () => {
    fc.assert(
      fc.property(fc.constantFrom(10, 100, 1000), schedules(2), (requests, schedule) => {
        const asked = requestsOf(schedule);
        const admitted = new Simulation({ limit: quota(requests), processes: 4 }).run(asked);
        const used = admitted.reduce((sum, { cost }) => sum + cost, 0);
        expect(used).toBeLessThanOrEqual(requests + 4 * creditFor(0, requests, 4));
      }),
      { numRuns: 500 },
    );
    const asked = steady([70, 20, 8, 2], 30);
    expect(new Simulation({ limit: quota(1000), processes: 4 }).run(asked).length).toBeWithin(990, 1009);
    expect(new Simulation({ limit: quota(10), processes: 4 }).run(asked)).toHaveLength(10);
  });
});

describe("while Redis is away", () => {
  const everyWhere = (perSecond: number, seconds: number) =>
    steady(
      [1, 1, 1, 1].map(() => perSecond),
      seconds,
    );

  test.each([false, true])(
    "the processes keep to the limit together; Redis comes back empty: %p",
    (empty) => {
      for (const limit of [flowLimit(600, 60, 100), flowLimit(100, 1, 100)]) {
        const seconds = 30;
        const perSecond = limit.rate.requests / limit.rate.perSeconds;
        const away = [{ from: 8000, to: 18_000, empty }];
        const admitted = new Simulation({ limit, processes: 4, away }).run(everyWhere(perSecond, seconds));
        const most = limit.rate.burst + seconds * perSecond;
        expect(admitted.length / most).toBeWithin(0.9, 1.1);
        const meanwhile = admitted.filter(({ at }) => at >= 8000 && at < 18_000);
        expect(meanwhile.length / (10 * perSecond)).toBeWithin(0.8, 1.1);
      }
    },
  );

  test("a caller of one process gets that process's part", () => {
    const limit = flowLimit(600, 60, 100);
    const admitted = new Simulation({ limit, processes: 4, away: [{ from: 20_000, to: 50_000 }] }).run(
      steady([20, 0, 0, 0], 50),
    );
    const meanwhile = admitted.filter(({ at }) => at >= 25_000);
    expect(meanwhile.length / 25).toBeWithin(2.2, 2.8);
  });

  describe("nobody gets again what somebody has had:", () => {
    const burstAt = (process: number, from: number, times: number) =>
      Array.from({ length: times }, (_, nth) => ({ at: from + nth / 4, process }));
    const slow = flowLimit(600, 60, 100);

    test("a Redis that comes back empty is first told by a process that knew less", () => {
      const early = [...burstAt(0, 0, 17), ...burstAt(1, 0, 1), ...burstAt(0, 0, 13), ...burstAt(2, 0, 56)];
      const away = [{ from: 13, to: 22, empty: true }];
      const admitted = new Simulation({ limit: slow, processes: 4, away }).run([
        ...early,
        ...burstAt(0, 228, 90),
      ]);
      expect(overshoot(slow.rate, admitted)).toBeLessThanOrEqual(creditOf(slow));
      // Of the 54 that process 0 knew of, its part.
      expect(admitted.filter(({ at }) => at >= 228)).toHaveLength(13);
    });

    test("only one process knew that the limit was used up, and owed nothing", () => {
      const others = [0, 1, 2].flatMap((process) => [
        ...burstAt(process, 0, 1),
        ...burstAt(process, 3000, 200),
      ]);
      const away = [{ from: 600, to: 650, empty: true }];
      const admitted = new Simulation({ limit: slow, processes: 4, away }).run([
        ...others,
        ...burstAt(3, 500, 150),
      ]);
      expect(overshoot(slow.rate, admitted)).toBeLessThanOrEqual(creditOf(slow));
      // What was earned since, and no less.
      expect(admitted.filter(({ at }) => at >= 3000).length).toBeWithin(22, 30);
    });

    test("a quota of which only one process knew", () => {
      const limit: Limit = { ...slow, rate: { kind: "quota", requests: 100, period: "day", policy: "" } };
      const away = [{ from: 600, to: 650, empty: true }];
      const requests = [...burstAt(0, 0, 1), ...burstAt(3, 100, 150), ...burstAt(0, 3000, 50)];
      expect(new Simulation({ limit, processes: 4, away }).run(requests).length).toBeWithin(99, 101);
    });

    const cases = [slow, flowLimit(600, 60, 600), flowLimit(100, 1, 100)].flatMap((limit) =>
      [false, true].map((empty) => ({ limit, empty })),
    );
    const tenth = ({ limit }: (typeof cases)[number]) =>
      0.1 * (limit.rate.burst + limit.rate.requests) + creditOf(limit);

    test.each(cases)(
      "three processes have not heard that a fourth has used up $limit.rate.policy, and Redis goes ($empty)",
      ({ limit, empty }) => {
        const { burst } = limit.rate;
        const gone = 530 + burst / 4;
        const requests = [0, 1, 2].flatMap((process) => [
          ...burstAt(process, 0, 1),
          ...burstAt(process, gone + 5, 200),
        ]);
        const away = [{ from: gone, to: gone + 5000, empty }];
        const admitted = new Simulation({ limit, processes: 4, away }).run([
          ...requests,
          ...burstAt(3, 500, burst),
        ]);
        expect(overshoot(limit.rate, admitted)).toBeLessThanOrEqual(tenth({ limit, empty }));
      },
    );

    test.each(cases)(
      "three processes have yet to tell what they let in, and a fourth is back first ($empty)",
      ({ limit, empty }) => {
        const { burst, intervalMs } = limit.rate;
        const [from, to] = [1000, 1000 + Math.min(9000, burst * intervalMs)];
        const shares = [1, 2, 3].flatMap((process) =>
          Array.from({ length: (to + 700 - from) / intervalMs }, (_, nth) => ({
            at: from + nth * intervalMs,
            process,
          })),
        );
        const early = [0, 1, 2, 3].flatMap((process) => burstAt(process, 950 - burst / 12, burst / 3));
        const first = [{ at: from + 1, process: 0 }, ...burstAt(0, to + 700, burst + 50)];
        const away = [{ from, to, empty, later: [0, 1000, 1000, 1000] }];
        const admitted = new Simulation({ limit, processes: 4, away }).run([...early, ...shares, ...first]);
        expect(overshoot(limit.rate, admitted)).toBeLessThanOrEqual(tenth({ limit, empty }));
      },
    );
  });

  test("whatever is asked and whenever it goes, the limit of any span is exceeded by at most 10 %", () => {
    const flows = fc.constantFrom(flowLimit(600, 60, 100), flowLimit(600, 60, 600), flowLimit(100, 1, 100));
    fc.assert(
      fc.property(
        flows,
        schedules(1, "max"),
        fc.nat(10_000),
        fc.nat(10_000),
        fc.boolean(),
        (limit, schedule, from, forMs, empty) => {
          const away = [{ from, to: from + forMs, empty }];
          const admitted = new Simulation({ limit, processes: 4, away }).run(requestsOf(schedule));
          const { burst, requests } = limit.rate;
          expect(overshoot(limit.rate, admitted)).toBeLessThanOrEqual(
            0.1 * (burst + requests) + creditOf(limit),
          );
        },
      ),
      { numRuns: 1000 },
    );
  });
});
