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
  // What a process takes at its start grows for a while; ten snapshots that stay would take less than this allows, a
  // hundred more. `bun run bench:reload` looks at it for longer.
  const [first = 0, ...later] = figures.memory;
  expect(Math.max(...later) - first).toBeLessThan(130e6);
}, 60_000);
