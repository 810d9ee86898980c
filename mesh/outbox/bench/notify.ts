import { createLog } from "#observability/log";
import { withBenchStores } from "../../bus/bench/bench-stores.ts";
import { openDatabase } from "../../postgres/open-database.ts";
import type { Sql } from "../../postgres/sql.ts";

// bun mesh/outbox/bench/notify.ts [seconds for each = 4]
// What NOTIFY in the writing transaction costs (decision 0004): connections that commit small transactions as fast as they
// can, over two databases of one durable server, as services do.
const seconds = Number(process.argv[2] ?? 4);

const statements = {
  "without NOTIFY": (sql: Sql) => sql`insert into t (v) values ('x')`,
  "with NOTIFY": (sql: Sql) =>
    sql`with added as (insert into t (v) values ('x') returning v) select pg_notify('outbox', v) from added`,
};

await withBenchStores(async ({ postgresUrl }) => {
  const log = createLog({ service: "bench", level: "error" });
  const open = (database: string, max: number) =>
    openDatabase({ url: new URL(`/${database}`, postgresUrl).href, max, applicationName: "bench", log });
  const server = open("postgres", 1);
  await server`create database notify_a`;
  await server`create database notify_b`;
  for (const connections of [1, 4, 16, 32]) {
    const pools = ["notify_a", "notify_b"].map((name) => open(name, Math.max(1, connections / 2)));
    const used = connections === 1 ? pools.slice(0, 1) : pools;
    for (const sql of used)
      await sql`create table if not exists t (id bigint generated always as identity, v text)`;
    for (const [name, statement] of [...Object.entries(statements), ...Object.entries(statements)]) {
      const times: number[] = [];
      const until = performance.now() + seconds * 1000;
      const client = async (sql: Sql) => {
        while (performance.now() < until) {
          const began = performance.now();
          await statement(sql);
          times.push(performance.now() - began);
        }
      };
      await Promise.all(used.flatMap((sql) => Array.from({ length: sql.options.max }, () => client(sql))));
      times.sort((a, b) => a - b);
      const at = (q: number) => `${times[Math.floor(times.length * q)]?.toFixed(1)} ms`;
      console.log(
        `${String(connections).padStart(2)} connections ${name.padEnd(14)} ${(times.length / seconds).toFixed(0).padStart(6)} commits/s, p50 ${at(0.5)}, p99 ${at(0.99)}`,
      );
    }
    await Promise.all(pools.map((sql) => sql.end()));
  }
  await server.end();
});
