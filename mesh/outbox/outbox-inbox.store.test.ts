import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createLog } from "#observability/log";
import { createMetrics } from "#observability/metrics";
import type { Bus, BusMessage, DeliveredMessage } from "../bus/bus.ts";
import { cloudEvent } from "../events/cloud-event.ts";
import { eventually } from "../eventually.ts";
import { startConsumer } from "../inbox/consume.ts";
import { type TestDatabase, testDatabase } from "../postgres/test-database.ts";
import { uuidV7 } from "../uuid-v7.ts";
import { appendEvents } from "./append.ts";
import { type Relay, startRelay } from "./relay.ts";

const log = createLog({ service: "test", level: "silent" });
let database: TestDatabase;
let relays: Relay[] = [];

beforeEach(async () => {
  database = await testDatabase();
  await database.sql`create table effects (position serial, name text)`;
});
afterEach(async () => {
  await Promise.all(relays.map((relay) => relay.stop()));
  relays = [];
  await database.close();
});

const event = (subject: string, data: unknown = {}, type = "ecotrack.test.happened.v1") =>
  cloudEvent("/test", type, { id: uuidV7(), subject, time: new Date(), data });

/** Keeps what it is given, in order; `broken` makes it refuse. */
function memoryBus(): Bus & { taken: BusMessage[]; broken: boolean } {
  return {
    system: "ecotrack",
    taken: [],
    broken: false,
    async publish(messages) {
      if (this.broken) throw new Error("the bus is away");
      // Long enough for another relay to read the same rows, if it may.
      await new Promise((resolve) => setTimeout(resolve, 5));
      this.taken.push(...messages);
    },
    subscribe: async () => ({ waiting: async () => 0, stop: async () => {} }),
    check: async () => {},
    close: async () => {},
  };
}

function relayTo(bus: Bus): Relay {
  const relay = startRelay({ sql: database.sql, bus, log, metrics: createMetrics("test") });
  relays.push(relay);
  return relay;
}

const waiting = async () => {
  const [row] = await database.sql<{ count: number }[]>`select count(*) from outbox`;
  return row?.count;
};

describe("outbox", () => {
  test("what is rolled back is never published, what is committed is", async () => {
    const bus = memoryBus();
    const relay = relayTo(bus);
    const kept = event("a");
    await database.transaction((tx) => appendEvents(tx, "test-events", [kept]));
    await database
      .transaction(async (tx) => {
        await appendEvents(tx, "test-events", [event("b")]);
        throw new Error("changed my mind");
      })
      .catch(() => {});
    relay.wake();
    await eventually(async () => ((await waiting()) === 0 && bus.taken.length > 0 ? true : undefined));
    expect(
      bus.taken.map(({ key, topic, value }) => ({ key, topic, event: JSON.parse(value) as unknown })),
    ).toEqual([{ key: "a", topic: "test-events", event: JSON.parse(JSON.stringify(kept)) as unknown }]);
  });

  test("several relays share one outbox and keep the order", async () => {
    const bus = memoryBus();
    const all = [relayTo(bus), relayTo(bus), relayTo(bus)];
    for (let n = 0; n < 60; n += 1) {
      await database.transaction((tx) => appendEvents(tx, "test-events", [event("same", { n })]));
      for (const relay of all) relay.wake();
    }
    await eventually(async () => ((await waiting()) === 0 ? true : undefined));
    const order = bus.taken.map(({ value }) => (JSON.parse(value) as { data: { n: number } }).data.n);
    expect(order).toEqual(Array.from({ length: 60 }, (_, n) => n));
  });

  test("a bus that is away loses nothing", async () => {
    const bus = memoryBus();
    bus.broken = true;
    const relay = relayTo(bus);
    await database.transaction((tx) => appendEvents(tx, "test-events", [event("a")]));
    relay.wake();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await waiting()).toBe(1);
    bus.broken = false;
    await eventually(async () => ((await waiting()) === 0 ? true : undefined));
    expect(bus.taken.length).toBe(1);
  });
});

describe("inbox", () => {
  /** Starts a consumer and returns what delivers batches to it. */
  async function consumer(reaction: (name: string) => void = () => {}) {
    let deliver: (batch: readonly DeliveredMessage[]) => Promise<void> = async () => {};
    const bus: Bus = {
      ...memoryBus(),
      subscribe: async ({ handle }) => {
        deliver = handle;
        return { waiting: async () => 0, stop: async () => {} };
      },
    };
    await startConsumer({
      name: "test-service",
      bus,
      sql: database.sql,
      transaction: database.transaction,
      topics: ["test-events"],
      reactions: {
        "ecotrack.test.happened.v1": async (tx, { subject }) => {
          await tx`insert into effects (name) values (${subject})`;
          reaction(subject);
        },
      },
      log,
      metrics: createMetrics("test"),
    });
    return (events: readonly unknown[]) => deliver(events.map(delivered));
  }

  const delivered = (value: unknown, at: number): DeliveredMessage => ({
    topic: "test-events",
    key: "k",
    partition: 0,
    offset: String(at),
    value: typeof value === "string" ? value : JSON.stringify(value),
  });
  const effects = async () =>
    (await database.sql<{ name: string }[]>`select name from effects order by position`).map(
      ({ name }) => name,
    );

  test("an event that is delivered twice has one effect", async () => {
    const deliver = await consumer();
    const [a, b] = [event("a"), event("b")];
    await deliver([a, a, b]);
    await deliver([b, a]);
    expect(await effects()).toEqual(["a", "b"]);
  });

  test("what fails for good becomes a dead letter and holds nobody up", async () => {
    const deliver = await consumer((name) => {
      if (name === "poison") throw new Error("cannot digest");
    });
    await deliver([event("a"), event("poison"), event("b")]);
    expect((await effects()).sort()).toEqual(["a", "b"]);
    const dead = await database.sql`select key, reason, attempts from dead_letters`;
    expect([...dead]).toEqual([{ key: "k", reason: "cannot digest", attempts: 5 }]);
  }, 15_000);

  test("an unknown type and what is no event are passed over", async () => {
    const deliver = await consumer();
    await deliver(["not json", "null", event("x", {}, "ecotrack.test.unheard-of.v9"), event("a")]);
    expect(await effects()).toEqual(["a"]);
  });
});
