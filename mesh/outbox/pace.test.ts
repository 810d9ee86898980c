import { expect, test } from "bun:test";
import { createPace } from "./pace.ts";

test("the first few go at once, the next ones keep their distance", () => {
  const wait = createPace({ everyMs: 25, atOnce: 3 });
  expect([wait(1000), wait(1000), wait(1000)]).toEqual([0, 0, 0]);
  expect([wait(1000), wait(1025), wait(1050)]).toEqual([25, 25, 25]);
});

test("after a pause they go at once again, and no more of them than before", () => {
  const wait = createPace({ everyMs: 25, atOnce: 2 });
  for (let n = 0; n < 5; n += 1) wait(0);
  expect([wait(10_000), wait(10_000), wait(10_000)]).toEqual([0, 0, 25]);
});
