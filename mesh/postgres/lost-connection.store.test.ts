import { afterAll, beforeAll, expect, test } from "bun:test";
import { createLog } from "#observability/log";
import { openDatabase } from "./open-database.ts";
import type { Sql } from "./sql.ts";
import { type TestDatabase, testDatabase } from "./test-database.ts";

let database: TestDatabase;
let sql: Sql;
beforeAll(async () => {
  database = await testDatabase();
  await database.sql`create table written (id int)`;
  const log = createLog({ service: "test", level: "silent" });
  sql = openDatabase({ url: database.url, max: 2, applicationName: "test", log });
});
afterAll(async () => {
  await sql.end();
  await database.close();
});

/** Ends the server's side of a transaction's connection in its middle. */
const lose = (afterwards: (tx: Sql) => Promise<unknown>) =>
  sql.begin(async (tx) => {
    const [row] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`;
    await database.sql`select pg_terminate_backend(${row?.pid ?? 0})`;
    await afterwards(tx as unknown as Sql);
  });

// What patches/postgres@3.4.9.patch mends: without it the process ends, or the connection hangs for good.
test("a transaction whose connection is lost fails, however often, and the pool goes on", async () => {
  for (let time = 0; time < 15; time += 1) {
    const outcome = await lose((tx) => tx`select 1`).then(
      () => "committed",
      (error: { code?: string }) => error.code,
    );
    expect(outcome).toMatch(/^(CONNECTION_CLOSED|ECONNRESET|57P01)$/);
    const [row] = await sql<{ seven: number }[]>`select 7 as seven`;
    expect(row?.seven).toBe(7);
  }
}, 20_000);

test("what a transaction still does after its connection was lost is not done on another one", async () => {
  for (let time = 0; time < 5; time += 1) {
    let told = () => {};
    const late = new Promise<void>((resolve) => {
      told = resolve;
    });
    await lose(async (tx) => {
      await tx`select 1`.catch(() => {});
      // By now the connection may stand again, and serve somebody else.
      await sql`select pg_sleep(0.05)`;
      await tx`insert into written values (1)`.catch(() => {});
      told();
    }).catch(() => {});
    await late;
  }
  expect((await sql`select id from written`).length).toBe(0);
}, 20_000);
