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
  // What is in use does not depend on when the collector comes, or how busy the machine is; it stays within 0.6 MB, and
  // each snapshot that is kept would add to it.
  const [first = 0, ...later] = figures.liveHeap;
  expect(later).toHaveLength(9);
  expect(Math.max(...later) - first).toBeLessThan(2e6);
}, 60_000);
