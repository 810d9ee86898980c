import { createLog } from "#observability/log";
import { withBenchStores } from "../../bus/bench/bench-stores.ts";
import { serverCpu } from "../../bus/bench/server-cpu.ts";
import { openDatabase } from "../../postgres/open-database.ts";
import type { Sql } from "../../postgres/sql.ts";

// bun mesh/outbox/bench/layouts.ts [events = 40000] [kept rows before it begins = 0]
// What an event costs PostgreSQL from its insert to the end of its row, by how the relay takes note that it is published:
// CPU of the backend, vacuum and pruning included, and bytes of WAL.
const events = Number(process.argv[2] ?? 40_000);
const perTransaction = 2;
const perBatch = 40;
const payload = JSON.stringify({ type: "ecotrack.order.confirmed.v1", padding: "x".repeat(850) });

interface Layout {
  readonly name: string;
  readonly create: string;
  /** Rows that wait, in order. */
  readonly read: string;
  /** What the relay does with the rows of a batch. */
  readonly mark: string;
  /** The parameters of `mark`; the ids alone, when there is no such function. */
  readonly parameters?: (rows: readonly Row[]) => readonly (readonly unknown[])[];
  readonly prune?: string;
}

interface Row {
  readonly id: number;
  readonly key: string;
  readonly payload: string;
  readonly event_id: string;
}

const typeIn = /"type":"([^"]+)"/;
const columns =
  "event_id uuid not null, topic text not null, key text not null, payload text not null, created_at timestamptz not null default now()";
const layouts: Layout[] = [
  {
    name: "update published_at, four indexes",
    create: `create table outbox (id bigint generated always as identity primary key, ${columns}, published_at timestamptz, unique (event_id));
      create index on outbox (id) where published_at is null;
      create index on outbox (published_at) where published_at is not null`,
    read: "select id, event_id, topic, key, payload from outbox where published_at is null order by id limit 500",
    mark: "update outbox set published_at = now() where id = any($1::bigint[])",
    prune: "delete from outbox where published_at is not null",
  },
  {
    name: "update published_at, two indexes",
    create: `create table outbox (id bigint generated always as identity primary key, ${columns}, published_at timestamptz);
      create index on outbox (id) where published_at is null`,
    read: "select id, event_id, topic, key, payload from outbox where published_at is null order by id limit 500",
    mark: "update outbox set published_at = now() where id = any($1::bigint[])",
    prune: "delete from outbox where published_at is not null",
  },
  {
    name: "delete, two indexes",
    create: `create table outbox (id bigint generated always as identity primary key, ${columns}, unique (event_id))`,
    read: "select id, event_id, topic, key, payload from outbox order by id limit 500",
    mark: "delete from outbox where id = any($1::bigint[])",
  },
  {
    name: "delete, one index",
    create: `create table outbox (id bigint generated always as identity primary key, ${columns})`,
    read: "select id, event_id, topic, key, payload from outbox order by id limit 500",
    mark: "delete from outbox where id = any($1::bigint[])",
  },
  {
    name: "delete, one index, a row a batch",
    create: `create table outbox (id bigint generated always as identity primary key, ${columns});
      create table outbox_batches (id bigint generated always as identity primary key, published_at timestamptz not null default now(),
        event_ids uuid[] not null, keys text[] not null, types text[] not null)`,
    read: "select id, event_id, topic, key, payload from outbox order by id limit 500",
    mark: `with gone as (delete from outbox where id = any($1::bigint[]))
      insert into outbox_batches (event_ids, keys, types) values ($2, $3, $4)`,
    parameters: (rows) => [
      rows.map(({ id }) => id),
      rows.map(({ event_id }) => event_id),
      rows.map(({ key }) => key),
      rows.map((row) => typeIn.exec(row.payload)?.[1] ?? ""),
    ],
  },
];

await withBenchStores(async ({ postgresUrl }) => {
  const log = createLog({ service: "bench", level: "error" });
  for (const layout of [...layouts, ...layouts]) {
    const server = openDatabase({ url: postgresUrl, max: 1, applicationName: "bench", log });
    await server`drop database if exists bench_outbox with (force)`;
    await server`create database bench_outbox`;
    await server.end();
    const url = new URL("/bench_outbox", postgresUrl).href;
    const sql = openDatabase({ url, max: 1, applicationName: "bench", log });
    await sql.unsafe(layout.create);
    await sql`alter table outbox set (autovacuum_enabled = off)`;
    await run(sql, layout, 2000);
    const before = await reading(sql);
    await run(sql, layout, events);
    if (layout.prune) await sql.unsafe(layout.prune);
    await sql`vacuum outbox`;
    const after = await reading(sql);
    const each = (value: number) => (value / events).toFixed(1);
    console.log(
      `${layout.name.padEnd(36)} ${each((after.cpuMs - before.cpuMs) * 1000).padStart(6)} µs CPU, ${each(after.wal - before.wal).padStart(7)} bytes of WAL an event`,
    );
    await sql.end();
  }
});

async function reading(sql: Sql): Promise<{ cpuMs: number; wal: number }> {
  const [row] = await sql<{ wal: string }[]>`select pg_current_wal_insert_lsn() - '0/0' as wal`;
  return { cpuMs: serverCpu("bench_outbox"), wal: Number(row?.wal) };
}

async function run(sql: Sql, { read, mark, parameters }: Layout, count: number): Promise<void> {
  for (let at = 0; at < count; at += perTransaction) {
    const rows = Array.from({ length: perTransaction }, () => ({
      event_id: crypto.randomUUID(),
      topic: "order-events",
      key: crypto.randomUUID(),
      payload,
    }));
    await sql`insert into outbox ${sql(rows, "event_id", "topic", "key", "payload")}`;
    if (at % perBatch !== 0) continue;
    await sql.begin(async (tx) => {
      await tx`select pg_try_advisory_xact_lock(1)`;
      const waiting = await tx.unsafe<Row[]>(read, [], { prepare: true });
      const given = parameters?.(waiting) ?? [waiting.map(({ id }) => id)];
      await tx.unsafe(mark, given as never[], { prepare: true });
    });
  }
}
