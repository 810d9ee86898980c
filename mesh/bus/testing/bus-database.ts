import { randomBytes } from "node:crypto";
import postgres, { type Sql } from "postgres";

/** An empty database on the server of TEST_DATABASE_URL; `sql` is for looking into it. */
export async function busDatabase(): Promise<{ url: string; sql: Sql; drop(): Promise<void> }> {
  const serverUrl = process.env.TEST_DATABASE_URL;
  if (!serverUrl) throw new Error("TEST_DATABASE_URL is not set: run the tests by `bun run test`");
  const name = `bus_${randomBytes(8).toString("hex")}`;
  const server = postgres(serverUrl, { max: 1 });
  await server`create database ${server(name)}`;
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const sql = postgres(url.href, { max: 1 });
  async function drop(): Promise<void> {
    await sql.end({ timeout: 1 });
    await server`drop database if exists ${server(name)} with (force)`;
    await server.end();
  }
  let dropped: Promise<void> | undefined;
  return { url: url.href, sql, drop: () => (dropped ??= drop()) };
}
