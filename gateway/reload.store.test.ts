import { expect, test } from "bun:test";
import { reloadUnderLoad } from "./bench/reload-under-load.ts";
import { testRedisUrl } from "./testing/test-gateway.ts";

const reloads = 100;

test("reloads under load cost no request, and the memory stays what it was", async () => {
  const figures = await reloadUnderLoad({
    reloads,
    connections: 4,
    redisUrl: testRedisUrl(),
    runtime: process.execPath,
  });
  expect(figures.failed).toEqual([]);
  expect(figures.requests).toBeGreaterThan(reloads);
  expect(figures.applied).toBe(reloads * 0.9);
  expect(figures.refused).toBe(reloads * 0.1);
  // What is in use does not depend on when the collector comes. It grows while code gets warm, by 2 MB in all, and then by
  // 0.1 MB a look; snapshots that are kept would add more than 1 MB to each.
  const warm = figures.liveHeap.slice(4);
  expect(warm).toHaveLength(6);
  expect((warm.at(-1) ?? 0) - (warm[0] ?? 0)).toBeLessThan(2e6);
}, 60_000);
