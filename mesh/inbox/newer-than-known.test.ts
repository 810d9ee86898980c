import { expect, test } from "bun:test";
import { newerThanKnown } from "./newer-than-known.ts";

const newer = newerThanKnown({ "a.confirmed.v1": 1, "a.confirmed.v2": 1, "a.shipped.v1": 1 });

test("a version above the latest known is newer", () => {
  expect(newer("a.confirmed.v3")).toBe(2);
  expect(newer("a.shipped.v10")).toBe(1);
});

test.each(["a.confirmed.v2", "a.confirmed.v1", "a.created.v9", "a.shipped", "", "v2"])(
  "%p is not newer than what is known",
  (type) => expect(newer(type)).toBeUndefined(),
);
