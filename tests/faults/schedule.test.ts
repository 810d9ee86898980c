import { expect, test } from "bun:test";
import { crashPointNames } from "#mesh/crash-point";
import { describeFault, disturbances, drawSchedule, endOf, instanceNames, linkNames } from "./schedule.ts";

const options = { seed: 7, seconds: 60, faults: 60, kafka: false };

test("the same seed makes the same schedule, another one another", () => {
  expect(drawSchedule(options)).toEqual(drawSchedule(options));
  expect(drawSchedule({ ...options, seed: 8 })).not.toEqual(drawSchedule(options));
});

test("a schedule with room for it has every kind of fault and every crash point", () => {
  for (let seed = 0; seed < 50; seed += 1) {
    const { faults } = drawSchedule({ ...options, seed });
    const points = new Set(faults.flatMap((fault) => (fault.kind === "crash" ? fault.point : [])));
    const kinds = new Set<string>(faults.map(({ kind }) => kind));
    expect(crashPointNames.filter((point) => !points.has(point))).toEqual([]);
    expect([...kinds].sort()).toEqual(["kill", "crash", "pause", "restart", ...disturbances].sort());
    expect(faults).toHaveLength(60);
  }
});

test("faults come in order, within the time, and end", () => {
  const schedule = drawSchedule({ seed: 3, seconds: 20, faults: 500, kafka: true });
  const moments = schedule.faults.map(({ at }) => at);
  expect(moments).toEqual(moments.toSorted((a, b) => a - b));
  expect(moments.every((at) => at >= 500 && at <= 20_000)).toBe(true);
  expect(endOf(schedule)).toBeLessThan(20_000 + 30_000);
  expect(schedule.faults.some((fault) => fault.kind === "restart" && fault.store === "kafka")).toBe(true);
});

test("without Kafka nobody restarts it, and only ways that exist are disturbed", () => {
  const { faults, skews } = drawSchedule({ ...options, faults: 2000 });
  for (const fault of faults) {
    if (fault.kind === "restart") expect(fault.store).not.toBe("kafka");
    if ("link" in fault) expect(linkNames).toContain(fault.link);
    expect(describeFault(fault)).not.toBe("");
  }
  expect(Object.keys(skews)).toEqual([...instanceNames]);
});
