import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { uuidV7 } from "#mesh/uuid-v7";
import { sealAuditLog } from "./seal-audit-log.ts";
import { startTestService, type TestService } from "./test-service.ts";
import { verifyAuditLog } from "./verify-audit-log.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());

const acts = async (orderId: string) =>
  (
    await service.sql<{ act: string }[]>`
      select act from audit_log where content::jsonb ->> 'orderId' = ${orderId} order by id`
  ).map(({ act }) => act);
const refusal = async (work: PromiseLike<unknown>) =>
  await Promise.resolve(work).then(
    () => "It was not refused",
    (error: unknown) => (error as Error).message,
  );

test("every act that moves money leaves a row, in its transaction", async () => {
  const orderId = uuidV7();
  const { body } = await service.charge(orderId);
  await service.refund(body.id, 500);
  await service.cancel(orderId);
  await service.cancel(orderId);
  expect(await acts(orderId)).toEqual([
    "charge-asked",
    "charge-captured",
    "refund-asked",
    "refund-settled",
    "cancellation-asked",
    "refund-asked",
    "refund-settled",
  ]);
  const declined = uuidV7();
  await service.charge(declined, "pm_card_chargeDeclined");
  expect(await acts(declined)).toEqual(["charge-asked", "charge-declined"]);
});

test("no row holds what is sealed elsewhere", async () => {
  const [row] = await service.sql<{ text: string }[]>`select string_agg(content, ' ') as text from audit_log`;
  expect(row?.text).not.toContain("pm_card");
});

test("rows cannot be changed, taken away, emptied or sealed twice", async () => {
  await sealAuditLog(service.sql);
  const { sql } = service;
  expect(await refusal(sql`update audit_log set content = '{}'`)).toContain("append-only");
  expect(await refusal(sql`update audit_log set hash = hash`)).toContain("append-only");
  expect(await refusal(sql`delete from audit_log`)).toContain("append-only");
  expect(await refusal(sql`truncate audit_log`)).toContain("append-only");
});

describe("the chain", () => {
  const sealed = async (rows: number) => {
    for (let i = 0; i < rows; i++) await service.charge(uuidV7());
    await sealAuditLog(service.sql);
    return await verifyAuditLog(service.sql);
  };
  /** Changes rows as somebody with all rights would, and puts them back. */
  async function tampered(change: (sql: TestService["sql"]) => Promise<unknown>, head?: string) {
    const { sql } = service;
    await sql`create table kept as select * from audit_log`;
    await sql`alter table audit_log disable trigger user`;
    try {
      await change(sql);
      return await verifyAuditLog(sql, head);
    } finally {
      await sql`delete from audit_log`;
      await sql`insert into audit_log overriding system value select * from kept`;
      await sql`drop table kept`;
      await sql`alter table audit_log enable trigger user`;
    }
  }

  test("is whole from the first row on, whoever seals and however often", async () => {
    const first = await sealed(3);
    await Promise.all([sealAuditLog(service.sql), service.charge(uuidV7()), sealAuditLog(service.sql)]);
    const second = await sealed(1);
    expect(first.broken).toBeUndefined();
    expect(second).toMatchObject({ unsealed: 0 });
    expect(second.broken).toBeUndefined();
    expect(second.count).toBeGreaterThan(first.count);
    expect((await verifyAuditLog(service.sql, first.head)).broken).toBeUndefined();
  });

  test("tells of rows that wait", async () => {
    await service.charge(uuidV7());
    expect((await verifyAuditLog(service.sql)).unsealed).toBeGreaterThan(0);
  });

  test.each<[string, (sql: TestService["sql"]) => Promise<unknown>]>([
    ["an edited content", async (sql) => sql`update audit_log set content = '{}' where position = 3`],
    ["an edited time", async (sql) => sql`update audit_log set at = at + interval '1 ms' where position = 3`],
    ["an edited act", async (sql) => sql`update audit_log set act = 'keys-rotated' where position = 3`],
    ["a row taken out of the middle", async (sql) => sql`delete from audit_log where position = 3`],
    [
      "a row taken out and the gap closed",
      async (sql) => {
        await sql`delete from audit_log where position = 3`;
        await sql`update audit_log set position = -position where position > 3`;
        await sql`update audit_log set position = -position - 1 where position < 0`;
      },
    ],
    [
      "two rows that changed places",
      async (sql) => {
        await sql`update audit_log set position = -3 where position = 3`;
        await sql`update audit_log set position = 3 where position = 4`;
        await sql`update audit_log set position = 4 where position = -3`;
      },
    ],
    [
      "a row put in the middle",
      async (sql) => {
        await sql`update audit_log set position = -position where position >= 3`;
        await sql`update audit_log set position = -position + 1 where position < 0`;
        await sql`insert into audit_log (act, content, position, previous_hash, hash)
          select 'charge-asked', '{}', 3, previous_hash, hash from audit_log where position = 2`;
      },
    ],
  ])("shows %s", async (_, change) => {
    await sealed(3);
    expect((await tampered(change)).broken).toMatchObject({ position: 3 });
    expect((await verifyAuditLog(service.sql)).broken).toBeUndefined();
  });

  test("shows that its end was cut off, to whoever noted the head", async () => {
    const { head, count } = await sealed(2);
    const cut = async (sql: TestService["sql"]) => sql`delete from audit_log where position > ${count - 2}`;
    expect((await tampered(cut)).broken).toBeUndefined();
    expect((await tampered(cut, head)).broken?.why).toContain("not in the chain any more");
  });
});
