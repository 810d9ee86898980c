import { expect, test } from "bun:test";
import { ownTime } from "./own-time.ts";

const whole = { start: 100, end: 200 };

test("what is done in parts takes no time by itself, however they overlap", () => {
  expect(ownTime(whole, [])).toBe(100);
  const parts = [
    { start: 150, end: 170 },
    { start: 110, end: 130 },
    { start: 120, end: 125 },
    { start: 160, end: 180 },
  ];
  expect(ownTime(whole, parts)).toBe(50);
});

test("parts that go on, or begin, after the end take nothing from it", () => {
  expect(ownTime(whole, [{ start: 190, end: 500 }])).toBe(90);
  expect(ownTime(whole, [{ start: 400, end: 500 }])).toBe(100);
  expect(ownTime(whole, [{ start: 0, end: 500 }])).toBe(0);
});
