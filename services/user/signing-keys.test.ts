import { describe, expect, test } from "bun:test";
import { type KeyTimes, keySchedule, planKeys } from "./signing-keys.ts";

const schedule = keySchedule(24);
const at = (time: string) => new Date(`2026-03-${time}Z`);
const key = (kid: string, createdAt: Date, activeFrom = createdAt): KeyTimes => ({
  kid,
  createdAt,
  activeFrom,
});
const kids = (keys: readonly KeyTimes[]) => keys.map(({ kid }) => kid);
const first = key("first", at("01T00:00:00"));
const second = key("second", at("01T23:00:00"), at("02T00:00:00"));

describe("the plan for signing keys", () => {
  test("wants a key at once where there is none", () => {
    const now = at("01T00:00:00");
    expect(planKeys([], now, schedule)).toEqual({
      signing: undefined,
      published: [],
      retired: [],
      next: { activeFrom: now },
    });
  });

  test("lets the only key sign until the next one is due", () => {
    const plan = planKeys([first], at("01T22:59:59"), schedule);
    expect(plan.signing?.kid).toBe("first");
    expect(plan.next).toBeUndefined();
  });

  test("wants the next key an hour before it signs", () => {
    expect(planKeys([first], at("01T23:00:00"), schedule).next).toEqual({ activeFrom: at("02T00:00:00") });
  });

  test("publishes the next key before it signs", () => {
    const plan = planKeys([second, first], at("01T23:30:00"), schedule);
    expect(plan.signing?.kid).toBe("first");
    expect(kids(plan.published)).toEqual(["first", "second"]);
    expect(plan.next).toBeUndefined();
  });

  test("publishes the old key until its last token has expired", () => {
    const changed = planKeys([first, second], at("02T00:00:00"), schedule);
    expect(changed.signing?.kid).toBe("second");
    const overlapping = planKeys([first, second], at("02T00:20:00"), schedule);
    expect(kids(overlapping.published)).toEqual(["first", "second"]);
    const over = planKeys([first, second], at("02T00:20:01"), schedule);
    expect(kids(over.published)).toEqual(["second"]);
    expect(kids(over.retired)).toEqual(["first"]);
  });

  test("lets an overdue key sign on until its successor was published for an hour", () => {
    const back = at("20T12:00:00");
    const plan = planKeys([first], back, schedule);
    expect(plan.signing?.kid).toBe("first");
    expect(plan.next).toEqual({ activeFrom: at("20T13:00:00") });
    const late = key("late", back, at("20T13:00:00"));
    expect(planKeys([first, late], at("20T12:59:59"), schedule).signing?.kid).toBe("first");
    expect(planKeys([first, late], at("20T13:00:00"), schedule).signing?.kid).toBe("late");
  });

  test("signs with a key that another process, whose clock is ahead, has just made", () => {
    const plan = planKeys([first], at("01T00:00:00"), { ...schedule });
    expect(plan.signing?.kid).toBe("first");
    expect(planKeys([second], at("01T23:59:59"), schedule).signing?.kid).toBe("second");
  });

  test("never leaves a time without a published signing key, nor signs with a key verifiers cannot know", () => {
    let keys: KeyTimes[] = [];
    for (let minute = 0; minute < 5 * 24 * 60; minute++) {
      const now = new Date(at("01T00:00:00").getTime() + minute * 60_000);
      const plan = planKeys(keys, now, schedule);
      if (plan.next) keys.push(key(`k${minute}`, now, plan.next.activeFrom));
      keys = keys.filter((each) => !plan.retired.includes(each));
      const { signing, published } = planKeys(keys, now, schedule);
      expect(signing && published.includes(signing)).toBe(true);
      const publishedFor = now.getTime() - (signing?.createdAt.getTime() ?? 0);
      if (minute > 60) expect(publishedFor).toBeGreaterThanOrEqual(schedule.lead);
      expect(keys.length).toBeLessThanOrEqual(2);
    }
  });
});
