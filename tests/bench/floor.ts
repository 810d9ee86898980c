import { openDatabase } from "#mesh/postgres/open-database";
import type { Sql } from "#mesh/postgres/sql";
import { createLog } from "#observability/log";
import { cpuSeconds } from "../../mesh/local/cpu-time.ts";

/** The tables of each database in which an order leaves rows, and the column by which its rows are found. */
const traces = [
  ["order", "orders", "id"],
  ["order", "order_items", "order_id"],
  ["product", "reservations", "order_id"],
  ["payment", "payments", "order_id"],
  ["notification", "notifications", "order_id"],
] as const;

export interface FloorOptions {
  readonly postgresUrl: string;
  readonly databaseUrls: Readonly<Record<string, string>>;
  readonly postgresPids: readonly number[];
  readonly orders: number;
}

/**
 * The least that these orders could cost: their rows as the system left them, and their events, written again by one
 * script over one connection into one database, a transaction an order. CPU of the script and of PostgreSQL, in ms an order.
 */
export async function measureFloor(options: FloorOptions): Promise<number> {
  const log = createLog({ service: "bench", level: "silent" });
  const open = (url: string) => openDatabase({ url, max: 1, applicationName: "bench", log });
  const server = open(options.postgresUrl);
  await server`drop database if exists bench_floor`;
  await server`create database bench_floor`;
  const floor = open(new URL("/bench_floor", options.postgresUrl).href);
  try {
    const written = await readRows(options, open);
    await createTables(floor, options, open);
    const started = cpuSeconds([...options.postgresPids, process.pid]);
    for (const rows of written) {
      await floor.begin((tx) =>
        rows.map(
          ({ table, json }) =>
            tx`insert into ${tx(table)} select * from jsonb_populate_recordset(null::${tx(table)}, ${json}::text::jsonb)`,
        ),
      );
    }
    return ((cpuSeconds([...options.postgresPids, process.pid]) - started) * 1000) / written.length;
  } finally {
    await floor.end();
    await server`drop database bench_floor`;
    await server.end();
  }
}

interface Rows {
  readonly table: string;
  readonly json: string;
}

/** The rows of some confirmed orders, by order and table, as JSON. */
async function readRows(
  { databaseUrls, orders }: FloorOptions,
  open: (url: string) => Sql,
): Promise<Rows[][]> {
  const order = open(databaseUrls.order ?? "");
  const chosen = await order<
    { id: string }[]
  >`select id from orders where status = 'confirmed' order by id desc limit ${orders}`;
  await order.end();
  const ids = chosen.map(({ id }) => id);
  const byOrder = new Map<string, Rows[]>(ids.map((id) => [id, []]));
  for (const [database, table, column] of traces) {
    const sql = open(databaseUrls[database] ?? "");
    const found = await sql<{ id: string; json: string }[]>`
      select t.${sql(column)} as id, jsonb_agg(to_jsonb(t))::text as json from ${sql(table)} t
      where t.${sql(column)} = any(${ids}::uuid[]) group by 1`;
    for (const { id, json } of found) byOrder.get(id)?.push({ table, json });
    await sql.end();
  }
  const bus = open(databaseUrls.bus ?? "");
  const events = await bus<{ id: string; json: string }[]>`
    select value::jsonb->'data'->>'orderId' as id, jsonb_agg(jsonb_build_object(
      'event_id', value::jsonb->>'id', 'topic', topic, 'key', key, 'payload', value, 'created_at', at
    ))::text as json
    from messages join partitions on partitions.id = partition_id
    where value::jsonb->'data'->>'orderId' = any(${ids}) group by 1`;
  for (const { id, json } of events) byOrder.get(id)?.push({ table: "outbox", json });
  await bus.end();
  return [...byOrder.values()];
}

/** The same columns and primary keys; no checks, triggers or further indexes. */
async function createTables(
  floor: Sql,
  { databaseUrls }: FloorOptions,
  open: (url: string) => Sql,
): Promise<void> {
  for (const [database, table, column] of [...traces, ["order", "outbox", "event_id"] as const]) {
    const sql = open(databaseUrls[database] ?? "");
    const columns = await sql<{ name: string; type: string }[]>`
      select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
      where attrelid = ${table}::regclass and attnum > 0 and not attisdropped order by attnum`;
    await sql.end();
    const definitions = columns.map(({ name, type }) => `"${name}" ${type}`).join(", ");
    await floor.unsafe(`create table "${table}" (${definitions})`);
    await floor.unsafe(`create index on "${table}" ("${column}")`);
  }
}
