import { afterEach, beforeEach, expect, test } from "bun:test";
import { type TestDatabase, testDatabase } from "#mesh/postgres/test-database";
import { uuidV7 } from "#mesh/uuid-v7";
import { addNotifications, extendClaims } from "./notification-store.ts";

let database: TestDatabase;
beforeEach(async () => {
  database = await testDatabase(new URL("./migrations/", import.meta.url));
});
afterEach(() => database.close());

async function claimed(count: number): Promise<string[]> {
  const wanted = Array.from({ length: count }, () => {
    const id = uuidV7();
    return { id, key: `welcome:${id}`, userId: uuidV7(), type: "welcome" as const, content: {} };
  });
  const rows = await database.transaction((tx) =>
    addNotifications(tx, wanted, { at: new Date(), claim: true }),
  );
  return rows.map(({ id }) => id);
}

test("extending claims waits for no mail that is being ended, so that the two never wait for each other", async () => {
  const [ending = "", slow = ""] = await claimed(2);
  await database.sql`update notifications set due_at = now()`;
  await database.transaction(async (ender) => {
    await ender`update notifications set status = 'sent', sent_at = now(), due_at = null where id = ${ending}`;
    await database.transaction((tx) => extendClaims(tx, [ending, slow]));
  });
  const rows = await database.sql<{ id: string; extended: boolean | null }[]>`
    select id, due_at > now() as extended from notifications`;
  expect(new Map(rows.map(({ id, extended }) => [id, extended]))).toEqual(
    new Map([
      [ending, null],
      [slow, true],
    ]),
  );
});
