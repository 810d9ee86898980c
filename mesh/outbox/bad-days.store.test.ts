import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createLog } from "#observability/log";
import { createMetrics } from "#observability/metrics";
import { MessageRefused } from "../bus/message-refused.ts";
import { createMemoryBus } from "../bus/testing/memory-bus.ts";
import { cloudEvent } from "../events/cloud-event.ts";
import { eventually } from "../eventually.ts";
import { type TestDatabase, testDatabase } from "../postgres/test-database.ts";
import { uuidV7 } from "../uuid-v7.ts";
import { appendEvents } from "./append.ts";
import { type Relay, startRelay } from "./relay.ts";

const log = createLog({ service: "test", level: "silent" });
let database: TestDatabase;
let relays: Relay[] = [];
beforeEach(async () => {
  database = await testDatabase();
});
afterEach(async () => {
  await Promise.all(relays.map((relay) => relay.stop()));
  relays = [];
  await database.close();
});

function relayTo(bus: ReturnType<typeof createMemoryBus>) {
  const metrics = createMetrics("test");
  const relay = startRelay({ sql: database.sql, bus, log, metrics });
  relays.push(relay);
  return { relay, metrics };
}

const event = (subject: string, data: unknown = {}) =>
  cloudEvent("/test", "ecotrack.test.happened.v1", { id: uuidV7(), subject, time: new Date(), data });
const append = (...events: ReturnType<typeof event>[]) =>
  database.transaction((tx) => appendEvents(tx, "test-events", events));
const waiting = async () => (await database.sql`select 1 from outbox`).length;
const allGone = () =>
  eventually(async () => ((await waiting()) === 0 ? true : undefined), { withinMs: 20_000 });
const dead = () => database.sql<{ id: string; reason: string }[]>`
  select event_id as id, reason from dead_letters where origin = 'outbox' order by died_at, event_id`;

describe("a poison row", () => {
  test("an event of 5 MB is set aside with the reason, and the others are published in order", async () => {
    const bus = createMemoryBus();
    const long = event("same", { text: "x".repeat(5_000_000) });
    await append(event("same", 1), event("same", 2), long, event("same", 3), event("other", 4));
    const { metrics } = relayTo(bus);
    await allGone();
    expect(bus.taken.map(({ value }) => (JSON.parse(value) as { data: unknown }).data)).toEqual([1, 2, 3, 4]);
    const [letter] = await dead();
    expect(letter?.id).toBe(long.id);
    expect(letter?.reason).toMatch(/^5000\d\d\d bytes are too long for the bus, which takes 1000000$/);
    expect(await metrics.text()).toContain('outbox_refused_total{service="test"} 1');
  });

  test("what the bus refuses for another reason is found among hundreds", async () => {
    const bus = createMemoryBus();
    bus.fails = (batch) =>
      batch.some(({ key }) => key === "poison") ? new MessageRefused("not with this key") : undefined;
    const events = Array.from({ length: 300 }, (_, n) => event(n === 137 ? "poison" : `k${n}`));
    await append(...events);
    relayTo(bus);
    await allGone();
    expect(bus.taken.map(({ key }) => key)).toEqual(
      events.map(({ subject }) => subject).filter((key) => key !== "poison"),
    );
    expect([...(await dead())]).toEqual([{ id: events[137]?.id ?? "", reason: "not with this key" }]);
  });
});

describe("the bus is away", () => {
  test("nothing is lost or set aside, the lag can be seen, and then it catches up in order", async () => {
    const bus = createMemoryBus();
    let tries = 0;
    bus.fails = () => {
      tries += 1;
      return new Error("no broker");
    };
    const { relay, metrics } = relayTo(bus);
    const began = performance.now();
    const count = 3000;
    for (let n = 0; n < count; n += 100) {
      await append(...Array.from({ length: 100 }, (_, at) => event("same", n + at)));
      relay.wake();
    }
    await eventually(() => (tries >= 4 ? true : undefined));
    // Whoever commits does not make it try more often: 20, 40, 80 ms … apart.
    expect(tries).toBeLessThan(2 + Math.log2((performance.now() - began) / 20 + 2));
    const text = await metrics.text();
    expect(text).toContain(`outbox_waiting_events{service="test"} ${count}`);
    expect(Number(/outbox_lag_seconds\{.*\} ([\d.]+)/.exec(text)?.[1])).toBeGreaterThan(0);
    bus.fails = undefined;
    await allGone();
    const told = bus.taken.map(({ value }) => (JSON.parse(value) as { data: number }).data);
    expect(told).toEqual(Array.from({ length: count }, (_, n) => n));
    expect([...(await dead())]).toEqual([]);
  }, 40_000);

  test("a backlog of large events is read in batches of less than a megabyte", async () => {
    const bus = createMemoryBus();
    const sizes: number[] = [];
    bus.fails = (batch) => void sizes.push(batch.reduce((sum, { value }) => sum + value.length, 0));
    for (let n = 0; n < 20; n += 1)
      await append(event("same", "x".repeat(300_000)), event("same", "y".repeat(999_000)));
    relayTo(bus);
    await allGone();
    expect(bus.taken.length).toBe(40);
    expect(Math.max(...sizes)).toBeLessThan(1_000_000);
  });
});

test("a relay that dies between publishing and marking publishes again, and an audit finds each event once", async () => {
  const bus = createMemoryBus();
  let dies = true;
  bus.fails = (batch) => {
    if (!dies) return undefined;
    dies = false;
    bus.taken.push(...batch);
    return new Error("killed after the bus had it");
  };
  const told = [event("a"), event("b")];
  await append(...told);
  relayTo(bus);
  await allGone();
  expect(bus.taken.length).toBe(4);
  const rows =
    await database.sql`select event_id, key, type, published_at is not null as published from outbox_events`;
  expect([...rows]).toEqual(
    told.map(({ id, subject, type }) => ({ event_id: id, key: subject, type, published: true })),
  );
});
