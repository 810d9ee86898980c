import { expect, test } from "bun:test";
import { ProcessCount } from "./process-count.ts";

test("of processes that start together each reckons with all of them from the first second", () => {
  const count = new ProcessCount(4);
  expect([1, 2, 3, 4].map((seen, second) => count.see(seen, second * 1000))).toEqual([4, 4, 4, 4]);
});

test("fewer than were expected are believed after ten seconds, more at once", () => {
  const count = new ProcessCount(4);
  expect(count.see(2, 0)).toBe(4);
  expect(count.see(2, 10_000)).toBe(4);
  expect(count.see(2, 10_001)).toBe(2);
  expect(count.see(6, 10_002)).toBe(6);
});

test("one that went is counted for ten to twenty seconds, as is a Redis that lost its data not believed at once", () => {
  const count = new ProcessCount(1);
  expect(count.see(3, 0)).toBe(3);
  expect(count.see(0, 10_001)).toBe(3);
  expect(count.see(0, 20_000)).toBe(3);
  expect(count.see(0, 20_002)).toBe(1);
});
