import { afterAll, expect, test } from "bun:test";
import { createLog } from "#observability/log";
import { openDatabase } from "./open-database.ts";

const url = process.env.TEST_DATABASE_URL;
if (!url) throw new Error("TEST_DATABASE_URL is not set; run the tests with `bun run test`");
const log = createLog({ service: "test", level: "silent" });
const sql = openDatabase({ url, max: 2, applicationName: "test locks", log });
afterAll(() => sql.end());

test("what somebody holds is waited for as long as callers wait, and the connection is free again", async () => {
  const held = 7_349_901;
  await sql.begin(async (holder) => {
    await holder`select pg_advisory_xact_lock(${held})`;
    const waiting = sql`select pg_advisory_xact_lock(${held})`.then(
      () => "it has it",
      (error: { code?: string }) => error.code,
    );
    expect(await waiting).toBe("55P03");
    expect(await sql`select 1 as one`).toMatchObject([{ one: 1 }]);
  });
});
