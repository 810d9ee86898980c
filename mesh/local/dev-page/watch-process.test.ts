import { expect, test } from "bun:test";
import { type Answer, watchProcess } from "./watch-process.ts";

function testWatch() {
  const answers = new Map<string, Answer>();
  const urls = { readyUrl: "ready", metricsUrl: "metrics" };
  const watched = { name: "order-service", kind: "service", ...urls } as const;
  const watch = watchProcess(watched, { ask: async (url) => answers.get(url) });
  const look = async (ready?: Answer, metrics?: string) => {
    answers.clear();
    if (ready) answers.set("ready", ready);
    if (metrics) answers.set("metrics", { ok: true, text: metrics });
    await watch.look();
    return watch.state;
  };
  return { watch, look };
}
const ready = { ok: true, text: '{"status":"ready"}' };

test("a process starts, is ready, lacks something, is away and comes back", async () => {
  const { look } = testWatch();
  expect(await look()).toMatchObject({ health: "starting" });
  expect(await look(ready)).toMatchObject({ health: "ready" });
  const without = { ok: false, text: '{"status":"not-ready","failing":["postgres","redis"]}' };
  expect(await look(without)).toMatchObject({ health: "not-ready", reason: "without postgres, redis" });
  expect(await look({ ok: false, text: "<h1>502</h1>" })).toMatchObject({ reason: "<h1>502</h1>" });
  expect(await look({ ok: false, text: '{"status":"draining"}' })).toMatchObject({ reason: "draining" });
  expect(await look()).toMatchObject({ health: "away", reason: "does not answer" });
  expect((await look(ready)).reason).toBeUndefined();
});

test("what it says of itself is shown while it says it", async () => {
  const { look, watch } = testWatch();
  const metrics =
    'process_start_time_seconds 1795352406\nprocess_resident_memory_bytes 1048576\nbuild_info{version="0.1.0"} 1\n';
  expect(await look(ready, metrics)).toMatchObject({
    version: "0.1.0",
    startedAt: 1795352406000,
    memoryBytes: 1048576,
  });
  expect(watch.samples.size).toBe(3);
  expect((await look()).memoryBytes).toBeUndefined();
  expect(watch.samples.size).toBe(0);
});
