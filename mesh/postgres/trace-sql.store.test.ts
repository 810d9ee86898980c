import { afterAll, beforeAll, expect, test } from "bun:test";
import { SpanKind } from "@opentelemetry/api";
import { newContext, runWith } from "#observability/context";
import { RecordedSpans } from "#observability/trace/testing/recorded-spans";
import type { Sql } from "./sql.ts";
import { type TestDatabase, testDatabase } from "./test-database.ts";
import { traceSql } from "./trace-sql.ts";

const canary = "canary-4711";
let database: TestDatabase;
let sql: Sql;

beforeAll(async () => {
  database = await testDatabase();
  sql = traceSql(database.sql, "postgres://role:secret@127.0.0.1:5432/shop");
  await sql`create table orders (id int primary key, note text)`;
});
afterAll(() => database.close());

test("a statement of a recorded trace is told of, without its values", async () => {
  const tracing = new RecordedSpans();
  const context = tracing.context();
  const rows = await runWith(context, async () => {
    await sql`insert into orders ${sql([{ id: 1, note: canary }])}`;
    return sql<{ id: number }[]>`select id from orders where note = ${canary} ${sql`and id = ${1}`}`;
  });
  expect(rows.map(({ id }) => id)).toEqual([1]);
  expect(tracing.spans.map(({ name }) => name)).toEqual(["INSERT orders", "SELECT orders"]);
  const { attributes, ...span } = tracing.named("SELECT orders");
  expect(span).toMatchObject({ traceId: context.traceId, parentSpanId: context.spanId, failed: false });
  expect(span.kind).toBe(SpanKind.CLIENT);
  expect(span.endedAt).toBeGreaterThan(span.startedAt);
  expect(attributes).toEqual({
    "db.system.name": "postgresql",
    "db.namespace": "shop",
    "db.collection.name": "orders",
    "db.operation.name": "SELECT",
    "db.query.summary": "SELECT orders",
    "db.query.text": "select id from orders where note = $1 $2",
    "db.response.returned_rows": 1,
    "server.address": "127.0.0.1",
    "server.port": 5432,
  });
  expect(JSON.stringify(tracing.spans)).not.toContain(canary);
  expect(JSON.stringify(tracing.spans)).not.toContain("secret");
});

test("the statements of a transaction are below it, and one that is refused fails both", async () => {
  const tracing = new RecordedSpans();
  const failing = runWith(tracing.context(), () =>
    sql.begin(async (tx) => {
      await tx`insert into orders (id, note) values (2, ${canary})`;
      await tx`insert into orders (id, note) values (2, ${canary})`;
    }),
  );
  expect(await failing.catch(({ code }: { code: string }) => code)).toBe("23505");
  const transaction = tracing.named("transaction");
  expect(transaction).toMatchObject({ failed: true, attributes: { "error.type": "23505" } });
  const inserts = tracing.spans.filter(({ name }) => name === "INSERT orders");
  expect(inserts.map(({ parentSpanId, failed }) => ({ parentSpanId, failed }))).toEqual([
    { parentSpanId: transaction.spanId, failed: false },
    { parentSpanId: transaction.spanId, failed: true },
  ]);
  expect(inserts[1]?.attributes).toMatchObject({ "db.response.status_code": "23505" });
  expect(JSON.stringify(tracing.spans)).not.toContain(canary);
  const [{ count } = { count: -1 }] = await sql<
    { count: number }[]
  >`select count(*) from orders where id = 2`;
  expect(count).toBe(0);
});

test("where nothing is recorded, statements and transactions are what they are without it", async () => {
  const tracing = new RecordedSpans();
  await runWith(newContext(), async () => {
    const given = await sql.begin(async (tx) => {
      await tx`insert into orders (id) values (3)`;
      return (await tx<{ id: number }[]>`select id from orders where id = 3`)[0]?.id;
    });
    expect(given).toBe(3);
  });
  expect(tracing.spans).toEqual([]);
});
