import { afterEach, beforeEach, expect, test } from "bun:test";
import { createLog } from "#observability/log";
import { eventually } from "../eventually.ts";
import type { Bus, DeliveredMessage } from "./bus.ts";
import { openEmbeddedBus } from "./embedded-bus.ts";
import { prune } from "./embedded-retention.ts";
import { EmbeddedSession } from "./embedded-session.ts";
import { busDatabase } from "./testing/bus-database.ts";

const log = createLog({ service: "test", level: "silent" });
const topic = "test-events";
let database: Awaited<ReturnType<typeof busDatabase>>;
let buses: Bus[] = [];

beforeEach(async () => {
  database = await busDatabase();
});
afterEach(async () => {
  await Promise.all(buses.map((bus) => bus.close()));
  buses = [];
  await database.drop();
});

async function openBus(): Promise<Bus> {
  const bus = await openEmbeddedBus({ databaseUrl: database.url, log });
  buses.push(bus);
  return bus;
}

const message = (key: string, value = key) => ({ topic, key, value });
const partitionsOf = async () =>
  await database.sql<{ id: number; topic: string; number: number }[]>`
    select id, topic, number from partitions where topic = ${topic}`;

test("processes that start together on an empty database all find its tables", async () => {
  const opened = await Promise.all(Array.from({ length: 5 }, openBus));
  await Promise.all(opened.map((bus) => bus.check()));
});

test("offsets have no gap and count to what is next, with publishers side by side", async () => {
  const publishers = await Promise.all([openBus(), openBus(), openBus()]);
  await Promise.all(
    publishers.flatMap((bus, at) =>
      Array.from({ length: 40 }, (_, n) =>
        bus.publish(Array.from({ length: 5 }, (__, key) => message(`${at}-${n}-${key}`))),
      ),
    ),
  );
  const rows = await database.sql<{ messages: number; last: string; next: string }[]>`
    select count(*)::int as messages, max("offset") + 1 as last, next_offset as next
    from messages join partitions on partitions.id = partition_id group by partition_id, next_offset`;
  expect(rows.reduce((sum, row) => sum + row.messages, 0)).toBe(600);
  for (const { messages, last, next } of rows) expect([last, next]).toEqual([`${messages}`, `${messages}`]);
});

test("every connection of the bus may be cut: nothing is lost and the subscription goes on", async () => {
  const bus = await openBus();
  const seen: DeliveredMessage[] = [];
  await bus.subscribe({ group: "g", topics: [topic], handle: async (batch) => void seen.push(...batch) });
  await bus.publish([message("before")]);
  await eventually(() => seen.length > 0 || undefined);
  await database.sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`;
  await eventually(async () => {
    await bus.publish([message("after")]);
    return true;
  });
  await eventually(() => seen.some(({ key }) => key === "after") || undefined, { withinMs: 10_000 });
}, 20_000);

test("a session that lost its connection cannot commit, though its client connects again", async () => {
  const bus = await openBus();
  await bus.publish([message("k")]);
  const session = new EmbeddedSession({
    databaseUrl: database.url,
    clientId: "test",
    group: "g",
    partitions: await partitionsOf(),
    sessionTimeoutMs: 30_000,
  });
  await session.ready();
  await session.rebalance();
  const { messages, next } = await session.fetch(10);
  expect(messages.map(({ key }) => key)).toEqual(["k"]);
  await database.sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'bus test g'`;
  const outcome = await session.commit(next).then(
    () => "committed",
    () => "refused",
  );
  expect(outcome).toBe("refused");
  await eventually(() => session.lost.aborted || undefined);
  const [row] = await database.sql`select max(next_offset) as furthest from offsets`;
  expect(row?.furthest).toBe("0");
});

test("large messages come in rounds of a few megabytes, all of them and in order", async () => {
  const bus = await openBus();
  const sizes: number[] = [];
  const seen: string[] = [];
  for (let n = 0; n < 12; n += 1) await bus.publish([message("same", `${n}${"x".repeat(990_000)}`)]);
  await bus.subscribe({
    group: "g",
    topics: [topic],
    async handle(batch) {
      sizes.push(batch.reduce((sum, { value }) => sum + value.length, 0));
      seen.push(...batch.map(({ value }) => value.slice(0, value.indexOf("x"))));
    },
  });
  await eventually(() => seen.length === 12 || undefined);
  expect(seen).toEqual(Array.from({ length: 12 }, (_, n) => `${n}`));
  expect(Math.max(...sizes)).toBeLessThanOrEqual(4_000_000);
});

test("what is too long for any bus is refused as that", async () => {
  const bus = await openBus();
  const refused = await bus
    .publish([message("k", "x".repeat(1_000_001))])
    .catch((error: unknown) => String(error));
  expect(refused).toBe("MessageRefused: 1000001 bytes are too long for the bus, which takes 1000000");
});

test("pruning deletes what is old and read by every group, and nothing else", async () => {
  const bus = await openBus();
  await bus.publish(Array.from({ length: 50 }, (_, n) => message("k", `${n}`)));
  const [partition] = await database.sql`select distinct partition_id as id from messages`;
  for (const [group, read] of [
    ["far", 40],
    ["behind", 30],
  ] as const) {
    await database.sql`
      with added as (insert into groups (name) values (${group}) returning id)
      insert into offsets (group_id, partition_id, next_offset) select id, ${partition?.id}, ${read} from added`;
  }
  await database.sql`update messages set at = now() - interval '8 days' where "offset" < 35`;
  const ended = new AbortController().signal;
  expect(await prune(database.sql, 7, ended)).toBe(30);
  expect(await prune(database.sql, 7, ended)).toBe(0);
  const [rest] = await database.sql`select min("offset") as first, count(*)::int as count from messages`;
  expect([rest?.first, rest?.count]).toEqual(["30", 20]);
});

test("a check fails once the database is gone", async () => {
  const bus = await openBus();
  await database.drop();
  const failure = await bus.check().then(
    () => "there",
    (error: unknown) => String(error),
  );
  expect(failure).toMatch(/^Error: The embedded bus is away: /);
}, 15_000);
