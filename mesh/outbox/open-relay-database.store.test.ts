import { afterAll, beforeAll, expect, test } from "bun:test";
import { createLog } from "#observability/log";
import { createMetrics } from "#observability/metrics";
import { createMemoryBus } from "../bus/testing/memory-bus.ts";
import { cloudEvent } from "../events/cloud-event.ts";
import { type TestDatabase, testDatabase } from "../postgres/test-database.ts";
import { uuidV7 } from "../uuid-v7.ts";
import { appendEvents } from "./append.ts";
import { openRelayDatabase } from "./open-relay-database.ts";
import { startRelay } from "./relay.ts";

const log = createLog({ service: "test", level: "silent" });
let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.close());

test("while the bus hangs it is told how many events wait, and for how long", async () => {
  const asked = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  const bus = createMemoryBus();
  const hanging = {
    ...bus,
    async publish() {
      asked.resolve();
      await over.promise;
    },
  };
  const event = cloudEvent("/test", "ecotrack.test.happened.v1", {
    id: uuidV7(),
    subject: "a",
    time: new Date(),
    data: {},
  });
  await database.transaction((tx) => appendEvents(tx, "test-events", [event]));
  const metrics = createMetrics("test");
  const sql = openRelayDatabase(database.url, "test", log);
  const relay = startRelay({ sql, bus: hanging, log, metrics });
  await asked.promise;
  const text = await metrics.text();
  over.resolve();
  await relay.stop();
  await sql.end();
  expect(text).toContain('outbox_waiting_events{service="test"} 1\n');
  expect(text).toMatch(/^outbox_lag_seconds\{service="test"\} [\d.]+$/m);
});
