import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { refuse } from "./refuse.ts";
import { countRows, openScene } from "./scene.ts";

let token: string;
let before: Record<string, number>;

beforeAll(async () => {
  ({ token } = await openScene());
  before = await countRows();
});

afterAll(async () => {
  expect(await countRows()).toEqual(before);
});

describe("lists", () => {
  for (const query of [
    "limit=0",
    "limit=101",
    "limit=ten",
    "cursor=nonsense",
    "minScore=101",
    "maxPrice=-1",
    "sort=colour",
    "colour=green",
    "limit=1&limit=2",
  ]) {
    test(`GET /api/products?${query} is refused`, async () => {
      await refuse("GET", `/api/products?${query}`, {}, 422, "validation-failed");
    });
  }
  for (const path of ["/api/orders", "/api/payments", "/api/notifications"]) {
    test(`GET ${path} refuses what it does not know`, async () => {
      for (const query of ["limit=0", "cursor=nonsense", "colour=green"])
        await refuse("GET", `${path}?${query}`, { token }, 422, "validation-failed");
    });
  }
});
