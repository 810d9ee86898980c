import { afterEach, beforeEach, expect, test } from "bun:test";
import { createLog } from "#observability/log";
import { createMetrics } from "#observability/metrics";
import { createMemoryBus } from "../bus/testing/memory-bus.ts";
import { cloudEvent } from "../events/cloud-event.ts";
import { eventually } from "../eventually.ts";
import { startConsumer } from "../inbox/consume.ts";
import { appendEvents } from "../outbox/append.ts";
import { startRelay } from "../outbox/relay.ts";
import { type TestDatabase, testDatabase } from "../postgres/test-database.ts";
import { uuidV7 } from "../uuid-v7.ts";
import { bury } from "./dead-letter-store.ts";
import { dlq } from "./dlq.ts";
import { type DlqOptions, readDlqOptions } from "./dlq-options.ts";

const log = createLog({ service: "test", level: "silent" });
let database: TestDatabase;
let ends: (() => Promise<void>)[] = [];
let broken: boolean;
beforeEach(async () => {
  database = await testDatabase();
  broken = true;
  await database.sql`create table effects (name text)`;
});
afterEach(async () => {
  await Promise.all(ends.map((end) => end()));
  ends = [];
  await database.close();
});

const happened = "ecotrack.test.happened.v1";
const event = (data: unknown = {}, type = happened) =>
  cloudEvent("/test", type, { id: uuidV7(), subject: "s", time: new Date(), data });

async function consumer(types = [happened]) {
  const bus = createMemoryBus();
  const react = async (tx: Parameters<typeof appendEvents>[0]) => {
    if (broken) throw new Error("cannot digest");
    await tx`insert into effects (name) values ('done')`;
  };
  const started = await startConsumer({
    name: "test-service",
    bus,
    sql: database.sql,
    transaction: database.transaction,
    topics: ["test-events"],
    reactions: Object.fromEntries(types.map((type) => [type, react])),
    log,
    metrics: createMetrics("test"),
  });
  ends.push(started.stop);
  return bus;
}

async function run(args: string, withinMs = 10_000, page = 500) {
  const options = readDlqOptions(args.split(" ")) as DlqOptions;
  const lines: string[] = [];
  const stores = [{ service: "test-service", sql: database.sql }];
  const good = await dlq(options, { stores, line: (text) => lines.push(text), withinMs, page });
  return { good, text: lines.join("\n") };
}

/** Events that failed for good before. */
async function buried(many: number) {
  const events = Array.from({ length: many }, () => event());
  await database.transaction(async (tx) => {
    for (const each of events) {
      const { id: eventId, subject: key } = each;
      const payload = JSON.stringify(each);
      await bury(tx, { eventId, topic: "test-events", key, payload, reason: "failed", attempts: 5 });
    }
  });
  return events;
}

const effects = async () => (await database.sql`select 1 from effects`).length;

test("what failed for good is listed, shown, and replayed once it can be", async () => {
  const bus = await consumer();
  const failing = event();
  await bus.deliver([failing]);
  expect((await run("list")).text).toContain(
    `${failing.id}  test-service inbox  ${happened}  waits: cannot digest`,
  );
  const shown = (await run(`show ${failing.id}`)).text;
  expect(shown).toContain("after 5 attempts");
  expect(shown).toContain('"specversion": "1.0"');

  const again = await run(`replay ${failing.id}`);
  expect(again).toEqual({ good: false, text: `${failing.id} failed again in test-service: cannot digest` });
  broken = false;
  expect((await run("replay --all --dry-run")).text).toContain("1 event would be replayed");
  expect(await effects()).toBe(0);
  expect(await run("replay --all")).toEqual({ good: true, text: `${failing.id} is replayed` });
  expect(await effects()).toBe(1);
  expect((await run("list")).text).toBe("No event is set aside");
  expect((await run("list --replayed")).text).toContain("replayed 2");
}, 20_000);

test("replaying twice, and the bus bringing it again, has one effect", async () => {
  const bus = await consumer();
  const failing = event();
  await bus.deliver([failing]);
  broken = false;
  await Promise.all([run(`replay ${failing.id}`), run("replay --all")]);
  await bus.deliver([failing]);
  expect((await run(`replay ${failing.id}`)).text).toContain("was replayed before: nothing is done");
  expect(await effects()).toBe(1);
}, 20_000);

test("what was too new is replayed by the service that learned it", async () => {
  const newer = event({}, "ecotrack.test.happened.v2");
  await (await consumer()).deliver([newer]);
  await Promise.all(ends.map((end) => end()));
  broken = false;
  const waiting = await run(`replay ${newer.id}`, 300);
  expect(waiting.text).toContain("test-service did not take it up yet. Does it run?");
  await consumer([happened, "ecotrack.test.happened.v2"]);
  await eventually(async () => ((await effects()) === 1 ? true : undefined));
  expect((await run("list")).text).toBe("No event is set aside");
}, 20_000);

test("what the bus refused is seen beside it, and goes back into the outbox", async () => {
  const bus = createMemoryBus();
  const relay = startRelay({ sql: database.sql, bus, log, metrics: createMetrics("test") });
  ends.push(() => relay.stop());
  const long = event({ text: "x".repeat(1_000_000) });
  await database.transaction((tx) => appendEvents(tx, "test-events", [long]));
  relay.wake();
  const listed = await eventually(async () => {
    const { text } = await run("list");
    return text.includes(long.id) ? text : undefined;
  });
  expect(listed).toMatch(/test-service outbox .* bytes are too long for the bus, which takes 1000000/);
  expect((await run(`replay ${long.id}`)).text).toContain(`${long.id} failed again in test-service: 1000`);
  await database.sql`update dead_letters set payload = ${JSON.stringify(event())}`;
  expect(await run(`replay ${long.id}`)).toEqual({
    good: true,
    text: `${long.id} is published by test-service`,
  });
  expect((await run(`replay ${long.id}`)).text).toContain("was replayed before");
  expect(bus.taken.length).toBe(1);
});

test("--all goes through any number of them, a page at a time, and past those that fail again", async () => {
  await consumer();
  const failing = await buried(7);
  expect((await run("list", 10_000, 2)).text).toEndWith("\n7 events");
  expect((await run("replay --all --dry-run", 10_000, 2)).text).toEndWith("; 7 events would be replayed");
  expect(await effects()).toBe(0);
  const again = await run("replay --all", 10_000, 2);
  expect(again.good).toBe(false);
  expect(again.text.split("\n")).toHaveLength(7);
  broken = false;
  const replayed = await run("replay --all", 10_000, 2);
  expect(replayed.good).toBe(true);
  expect(replayed.text.split("\n").toSorted()).toEqual(
    failing.map(({ id }) => `${id} is replayed`).toSorted(),
  );
  expect(await effects()).toBe(7);
}, 60_000);

test("where nobody takes the first page up, the next one is not asked for", async () => {
  await buried(3);
  const { good, text } = await run("replay --all", 300, 2);
  expect(good).toBe(false);
  expect(text.match(/did not take it up yet/g)).toHaveLength(2);
}, 20_000);

test("an id that nobody knows is said to be none", async () => {
  const id = uuidV7();
  expect(await run(`show ${id}`)).toEqual({ good: false, text: `No event ${id} is set aside` });
});
