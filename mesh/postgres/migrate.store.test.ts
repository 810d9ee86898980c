import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createLog } from "#observability/log";
import { migrate } from "./migrate.ts";
import { openDatabase } from "./open-database.ts";
import { type TestDatabase, testDatabase } from "./test-database.ts";

let database: TestDatabase;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "migrations-"));
  database = await testDatabase();
  await database.sql`drop table schema_migrations`;
});
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true });
});

const source = () => [{ prefix: "m", directory: pathToFileURL(`${folder}/`) }];
const write = (name: string, text: string) => writeFile(join(folder, name), text);

test("files are applied once, in order, by however many processes at once", async () => {
  await write("0001_b.sql", "create table b (id int)");
  await write("0002_c.sql", "alter table b add column c int");
  const url = database.url;
  const log = createLog({ service: "test", level: "silent" });
  const pools = [1, 2, 3].map(() => openDatabase({ url, max: 1, applicationName: "test", log }));
  const applied = await Promise.all(pools.map((sql) => migrate(sql, source())));
  await Promise.all(pools.map((sql) => sql.end()));
  expect(applied.flat()).toEqual(["m/0001_b.sql", "m/0002_c.sql"]);
  expect(await migrate(database.sql, source())).toEqual([]);
});

test("a file without anything in it waits until there is", async () => {
  await write("0009_later.sql", " \n");
  expect(await migrate(database.sql, source())).toEqual([]);
  await write("0009_later.sql", "create table later (id int)");
  expect(await migrate(database.sql, source())).toEqual(["m/0009_later.sql"]);
});

test("a file that fails leaves nothing of the run behind", async () => {
  await write("0003_d.sql", "create table d (id int)");
  await write("0004_e.sql", "create table e (id nonsense)");
  expect(migrate(database.sql, source())).rejects.toThrow("nonsense");
  await rm(join(folder, "0004_e.sql"));
  expect(await database.sql`select to_regclass('d') as d`).toEqual([{ d: null }] as never);
});

test("an applied file that changed or went is refused", async () => {
  await write("0001_b.sql", "create table b (id bigint)");
  expect(migrate(database.sql, source())).rejects.toThrow("m/0001_b.sql has changed");
  await write("0001_b.sql", "create table b (id int)");
  await rm(join(folder, "0002_c.sql"));
  expect(migrate(database.sql, source())).rejects.toThrow("m/0002_c.sql is applied, but its file is gone");
});
