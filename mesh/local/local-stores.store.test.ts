import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { eventually } from "#mesh/eventually";
import { type Home, openHome } from "./home.ts";
import { createDatabases } from "./postgres-databases.ts";
import { type PostgresServer, startPostgres } from "./postgres-server.ts";

// A server of its own: these names and passwords are those of the journeys too.
const root = join(import.meta.dirname, "../..");
const options = { root, password: "a-password", durable: true };
const passwords = { order: "of-orders", payment: "of-payments" };
let home: Home;
let server: PostgresServer;

beforeAll(async () => {
  home = await openHome(mkdtempSync(join(tmpdir(), "local-stores-")), { fresh: false });
  server = await startPostgres(home, options);
});
afterAll(async () => {
  await home.end(3000);
  rmSync(home.directory, { recursive: true, force: true });
});

async function ask(url: string, text = "select current_user || '@' || current_database() as answer") {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    const [row] = await sql.unsafe(text);
    return row?.answer;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

const refusal = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => "nothing was refused",
    (error: Error) => error.message,
  );

test("each role reaches its own database and no other", async () => {
  const urls = await createDatabases(server.url, passwords);
  expect(await ask(urls.order)).toBe("ecotrack_order@ecotrack_order");
  const other = urls.order.replace(/ecotrack_order$/, "ecotrack_payment");
  expect(await refusal(ask(other))).toContain("permission denied for database");
  expect(await refusal(ask(urls.order, "create role intruder"))).toContain("permission denied");
  const wrong = urls.order.replace("of-orders", "guess");
  expect(await refusal(ask(wrong))).toContain("password authentication failed");
});

test("doing it again keeps the data and takes the new password", async () => {
  const before = await createDatabases(server.url, passwords);
  await ask(before.order, "create table kept as select 'still here' as answer");
  const after = await createDatabases(server.url, { ...passwords, order: "another" });
  expect(await ask(after.order, "select answer from kept")).toBe("still here");
  expect(await refusal(ask(before.order))).toContain("password authentication failed");
});

test("data survives a kill in the middle of a query, at the same address, and damaged data is refused with the way out", async () => {
  const urls = await createDatabases(server.url, passwords);
  // Its process outlives the server and holds the shared memory until the query ends.
  const busy = refusal(ask(server.url, "do $$ begin loop null; end loop; end $$"));
  const busyPid =
    "select pid as answer from pg_stat_activity where query like '%end loop%' and pid <> pg_backend_pid()";
  await eventually(() => ask(server.url, busyPid));
  process.kill(server.process.pid, "SIGKILL");
  await server.process.exited;
  server = await startPostgres(home, { ...options, port: server.port });
  expect(await ask(urls.order, "select answer from kept")).toBe("still here");
  expect(await busy).not.toBe("nothing was refused");
  await server.process.stop();
  expect(await refusal(startPostgres(home, { ...options, password: "forgotten" }))).toContain(
    "bun dev --fresh",
  );
  writeFileSync(join(home.directory, "postgres/PG_VERSION"), "garbage");
  expect(await refusal(startPostgres(home, options))).toContain("is damaged");
});
