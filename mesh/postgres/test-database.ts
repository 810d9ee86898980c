import { randomBytes } from "node:crypto";
import { createLog } from "#observability/log";
import { type MigrationSource, migrate, migrationsDigest } from "./migrate.ts";
import { openDatabase } from "./open-database.ts";
import { serviceMigrations } from "./service-migrations.ts";
import type { Autocommit, Sql, Transact } from "./sql.ts";

const templateLock = 7_340_002;
const log = createLog({ service: "test", level: "fatal" });

export interface TestDatabase {
  readonly url: string;
  readonly sql: Sql;
  readonly transaction: Transact;
  readonly autocommit: Autocommit;
  close(): Promise<void>;
}

/**
 * A database of its own for one test file, cloned from a template that is migrated once per content of the migrations.
 * Without `migrations` it has the outbox and the inbox only.
 * Needs TEST_DATABASE_URL, the URL of a role that may create databases; `bun run test` sets it.
 */
export async function testDatabase(migrations?: URL): Promise<TestDatabase> {
  const serverUrl = process.env.TEST_DATABASE_URL;
  if (!serverUrl) throw new Error("TEST_DATABASE_URL is not set: run the tests by `bun run test`");
  const server = openDatabase({ url: serverUrl, max: 1, applicationName: "test", log });
  const sources = serviceMigrations(migrations);
  const template = `template_${await migrationsDigest(sources)}`;
  const name = `test_${randomBytes(8).toString("hex")}`;
  try {
    await server`select pg_advisory_lock(${templateLock})`;
    await prepareTemplate(server, serverUrl, template, sources);
    await server`create database ${server(name)} template ${server(template)}`;
  } finally {
    await server.end();
  }
  const url = withDatabase(serverUrl, name);
  const sql = openDatabase({ url, max: 10, applicationName: "test", log });
  return {
    url,
    sql,
    transaction: async (work) => (await sql.begin((tx) => work(tx))) as Awaited<ReturnType<typeof work>>,
    autocommit: (statement) => statement(sql),
    async close() {
      await sql.end({ timeout: 5 });
      const cleaner = openDatabase({ url: serverUrl, max: 1, applicationName: "test", log });
      await cleaner`drop database if exists ${cleaner(name)} with (force)`;
      await cleaner.end();
    },
  };
}

async function prepareTemplate(
  server: Sql,
  serverUrl: string,
  template: string,
  sources: readonly MigrationSource[],
): Promise<void> {
  const known = await server`select 1 from pg_database where datname = ${template}`;
  if (known.length === 0) await server`create database ${server(template)}`;
  const inside = openDatabase({
    url: withDatabase(serverUrl, template),
    max: 1,
    applicationName: "test",
    log,
  });
  try {
    await migrate(inside, sources);
  } finally {
    await inside.end();
  }
}

function withDatabase(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}
