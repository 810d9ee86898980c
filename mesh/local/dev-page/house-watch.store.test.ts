import { afterEach, beforeEach, expect, test } from "bun:test";
import { bury } from "#mesh/dead-letters/dead-letter-store";
import { eventually } from "#mesh/eventually";
import { type TestDatabase, testDatabase } from "#mesh/postgres/test-database";
import { uuidV7 } from "#mesh/uuid-v7";
import { createLog } from "#observability/log";
import { watchHouse } from "./house-watch.ts";

let database: TestDatabase;
beforeEach(async () => {
  database = await testDatabase();
});
afterEach(() => database.close());

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const letter = {
  eventId: uuidV7(),
  topic: "order-events",
  key: "k",
  payload: `{"type":"ecotrack.order.confirmed.v1","traceparent":"00-${traceId}-00f067aa0ba902b7-01","data":{"to":"ada@example.test"}}`,
  reason: "no template",
  attempts: 8,
};

/** A house of one service that tells of so many dead letters. */
function house(told: () => number, url = database.url) {
  return watchHouse({
    processes: [{ name: "order-service", kind: "service", readyUrl: "ready", metricsUrl: "metrics" }],
    databaseUrls: { order: url },
    versionOf: () => undefined,
    log: createLog({ service: "test", level: "silent" }),
    ask: async (asked) => ({
      ok: true,
      text: asked === "metrics" ? `outbox_published_total 1\ndead_letters ${told()}\n` : "{}",
    }),
  });
}

test("what was set aside is read while the service tells of some, without what is in it", async () => {
  await database.transaction((tx) => bury(tx, letter));
  let told = 0;
  const watch = house(() => told);
  await watch.look();
  await watch.look();
  expect(watch.state.setAside).toEqual([]);
  told = 1;
  // It is asked for beside the look, and shown by the one after it.
  const found = await eventually(async () => {
    await watch.look();
    return watch.state.setAside.length > 0 ? watch.state.setAside : undefined;
  });
  expect(found).toMatchObject([
    {
      eventId: letter.eventId,
      service: "order-service",
      type: "ecotrack.order.confirmed.v1",
      reason: "no template",
      attempts: 8,
      traceId,
    },
  ]);
  expect(JSON.stringify(watch.state)).not.toContain("ada@example.test");
});

test("a database that is away is told of, and its address is not", async () => {
  const watch = house(() => 1, "postgres://role:s3cret@127.0.0.1:1/x");
  const why = await eventually(async () => {
    await watch.look();
    return watch.state.setAsideUnknown;
  });
  expect(why).toStartWith("The database does not tell");
  expect(JSON.stringify(watch.state)).not.toContain("s3cret");
});
