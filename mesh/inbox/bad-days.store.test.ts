import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createLog } from "#observability/log";
import { createMetrics } from "#observability/metrics";
import { createMemoryBus } from "../bus/testing/memory-bus.ts";
import { cloudEvent } from "../events/cloud-event.ts";
import { type TestDatabase, testDatabase } from "../postgres/test-database.ts";
import { uuidV7 } from "../uuid-v7.ts";
import { startConsumer } from "./consume.ts";

const log = createLog({ service: "test", level: "silent" });
let database: TestDatabase;
let readOnly: boolean;
let consumers: { stop(): Promise<void> }[] = [];
beforeEach(async () => {
  database = await testDatabase();
  readOnly = false;
  await database.sql`create table effects (name text)`;
});
afterEach(async () => {
  await Promise.all(consumers.map((consumer) => consumer.stop()));
  consumers = [];
  await database.close();
});

const happened = "ecotrack.test.happened.v1";
const event = (subject: string, type = happened) =>
  cloudEvent("/test", type, { id: uuidV7(), subject, time: new Date(), data: {} });

async function consumer({
  type = happened,
  before = async () => {},
}: {
  type?: string;
  before?: () => Promise<void>;
} = {}) {
  const bus = createMemoryBus();
  const metrics = createMetrics("test");
  const started = await startConsumer({
    name: "test-service",
    bus,
    sql: database.sql,
    transaction: (work) =>
      database.transaction(async (tx) => {
        if (readOnly) await tx`set transaction read only`;
        return await work(tx);
      }),
    topics: ["test-events"],
    reactions: {
      [type]: async (tx, { subject }) => {
        await before();
        await tx`insert into effects (name) values (${subject})`;
      },
    },
    log,
    metrics,
  });
  consumers.push(started);
  return { deliver: bus.deliver, metrics };
}

const outcomeOf = (handling: Promise<void>) =>
  handling.then(
    () => "handled",
    (error: unknown) => String(error),
  );
const effects = async () =>
  (await database.sql<{ name: string }[]>`select name from effects order by name`).map(({ name }) => name);
const dead = () =>
  database.sql<{ id: string; reason: string; payload: string; attempts: number }[]>`
    select event_id as id, reason, payload, attempts from dead_letters order by died_at, event_id`;

describe("what arrives", () => {
  test("an event of an unknown type is passed over and counted", async () => {
    const { deliver, metrics } = await consumer();
    await deliver([event("x", "ecotrack.test.unheard-of.v9"), event("a")]);
    expect(await effects()).toEqual(["a"]);
    expect([...(await dead())]).toEqual([]);
    expect(await metrics.text()).toContain('outcome="skipped",service="test"} 1');
  });

  test("an event newer than what is known is parked at once, and the others go on", async () => {
    const { deliver } = await consumer();
    const newer = event("x", "ecotrack.test.happened.v2");
    await deliver([newer, event("a")]);
    expect(await effects()).toEqual(["a"]);
    const [letter] = await dead();
    expect(letter).toMatchObject({ id: newer.id, attempts: 1, payload: JSON.stringify(newer) });
    expect(letter?.reason).toBe(
      "test-service knows this event up to version 1, and ecotrack.test.happened.v2 is newer: deploy what reacts to it, then replay",
    );
  });

  test.each([
    ["no json \u0000", "it is no JSON object"],
    ["[]", "it is no JSON object"],
    [{ specversion: "0.3" }, 'it has specversion "0.3", not "1.0"'],
    [{ ...event("a"), subject: undefined }, "it has no subject"],
    [{ ...event("a"), id: "7" }, 'it has the id "7", not a UUID'],
  ])("a message that is no event, as %j, can be seen among the dead letters", async (value, reason) => {
    const { deliver } = await consumer();
    await deliver([value, event("b")]);
    expect(await effects()).toEqual(["b"]);
    expect((await dead()).map((letter) => letter.reason)).toEqual([
      `The message is no CloudEvent of ours: ${reason}`,
    ]);
  });

  test("a message of 5 MB is reacted to as any other", async () => {
    const { deliver } = await consumer();
    await deliver([{ ...event("a"), data: { long: "x".repeat(5_000_000) } }]);
    expect(await effects()).toEqual(["a"]);
  });
});

describe("the database has a bad day", () => {
  test("while it is read-only the batch goes back to the bus, and nothing becomes a dead letter", async () => {
    const { deliver } = await consumer();
    const batch = [event("a"), "no event", event("b")];
    readOnly = true;
    expect(await outcomeOf(deliver(batch))).toContain("read-only transaction");
    readOnly = false;
    await deliver(batch);
    expect(await effects()).toEqual(["a", "b"]);
    expect((await dead()).length).toBe(1);
  });

  test("a connection that is lost in the middle of a batch leaves no half of it", async () => {
    let cut = true;
    const { deliver } = await consumer({
      async before() {
        if (!cut) return;
        cut = false;
        await database.sql`
          select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid() and state = 'idle in transaction'`;
      },
    });
    const batch = [event("a"), event("b")];
    expect(await outcomeOf(deliver(batch))).not.toBe("handled");
    await deliver(batch);
    expect(await effects()).toEqual(["a", "b"]);
    expect([...(await dead())]).toEqual([]);
  });
});

test("a process that takes over in the middle has no effect twice", async () => {
  const [one, other] = [await consumer(), await consumer()];
  const events = Array.from({ length: 40 }, (_, n) => event(String(n).padStart(2, "0")));
  await Promise.all([
    one.deliver(events.slice(0, 30)),
    other.deliver(events.slice(10)),
    one.deliver(events.slice(20)),
  ]);
  expect(await effects()).toEqual(events.map(({ subject }) => subject));
});
