import { describe, expect, test } from "bun:test";
import { userEvent } from "#mesh/events/user-events";
import { eventually } from "#mesh/eventually";
import { uuidV7 } from "#mesh/uuid-v7";
import { createMailbox } from "./mailbox/mailbox.ts";
import { confirmed, newEvent, person, registered, TestService } from "./test-service.ts";

const service = new TestService();

describe("an event becomes a mail", () => {
  test("once, though it is delivered twice and by two events of the same order", async () => {
    await service.start();
    const who = person();
    const orderId = uuidV7();
    const event = confirmed(who.userId, orderId);
    await service.deliver([registered(who), event, event]);
    await service.deliver([event, confirmed(who.userId, orderId)]);
    expect(await service.settled(2)).toEqual(["welcome sent", "order-confirmed sent"]);
    expect((await service.mailsTo(who.email)).length).toBe(2);
    const rows = await service.database.sql`select payload::jsonb->>'type' as type from outbox order by id`;
    expect(rows.map(({ type }) => type as string)).toEqual([
      "ecotrack.notification.sent.v1",
      "ecotrack.notification.sent.v1",
    ]);
  });

  test("carries its notification's id, by which a second one would be known", async () => {
    await service.start();
    const who = person();
    await service.deliver([registered(who)]);
    await service.settled(1);
    const [mail] = await service.mailbox.messages.find({ to: who.email, limit: 100 });
    const [row] = await service.database.sql<{ id: string }[]>`select id from notifications`;
    expect(mail?.messageId).toBe(`<${row?.id}@notifications.ecotrack>`);
    for (const key of [row?.id, `welcome:${who.userId}`]) {
      expect((await service.mailbox.messages.find({ key })).length).toBe(1);
    }
  });

  test("and its own event goes on with the trace of the one it came from", async () => {
    await service.start();
    const who = person();
    const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    const trace = { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, correlationid: "checkout-1" };
    await service.deliver([{ ...registered(who), ...trace }]);
    await service.settled(1);
    const [row] = await service.database.sql<{ traceparent: string; correlation: string }[]>`
      select payload::jsonb->>'traceparent' as traceparent, payload::jsonb->>'correlationid' as correlation from outbox`;
    expect(row?.correlation).toBe("checkout-1");
    expect(row?.traceparent).toStartWith(`00-${traceId}-`);
    expect(row?.traceparent).not.toBe(trace.traceparent);
  });

  test("of which nothing stays when the person is gone", async () => {
    await service.start();
    const who = person();
    await service.deliver([registered(who), confirmed(who.userId)]);
    await service.settled(2);
    await service.deliver([
      userEvent("ecotrack.user.deleted.v1", newEvent(who.userId, { userId: who.userId })),
    ]);
    const [row] = await service.database.sql<{ rows: string }[]>`
      select (select string_agg(n::text, '') from notifications n) || (select string_agg(r::text, '') from recipients r) as rows`;
    expect(row?.rows).not.toMatch(/Ada|Lovelace|@|Kettle/);
  });

  test("when the order's event comes before the person's", async () => {
    await service.start();
    const who = person();
    await service.deliver([confirmed(who.userId)]);
    await eventually(async () => {
      const [row] = await service.database
        .sql`select reason from notifications where status = 'queued' and reason is not null`;
      return row;
    });
    await service.deliver([registered(who)]);
    await service.makeDue();
    expect(await service.settled(2)).toEqual(["order-confirmed sent", "welcome sent"]);
  });

  test("not for somebody who is gone, whatever comes late", async () => {
    await service.start();
    const who = person();
    await service.deliver([
      userEvent("ecotrack.user.deleted.v1", newEvent(who.userId, { userId: who.userId })),
      registered(who),
      confirmed(who.userId),
    ]);
    expect(await service.settled(2)).toEqual(["welcome skipped", "order-confirmed skipped"]);
    expect(await service.mailsTo(who.email)).toEqual([]);
    const [row] = await service.database.sql`select email, first_name from recipients`;
    expect(row).toEqual({ email: "", first_name: "" } as never);
  });
});

describe("bad days", () => {
  test("an address that no mail can go to fails for good, and says so", async () => {
    await service.start();
    const who = { ...person(), email: "ada\r\nBcc: eve@example.test" };
    await service.deliver([registered(who)]);
    expect(await service.settled(1)).toEqual(["welcome failed"]);
    const [row] = await service.database.sql<{ type: string; reason: string }[]>`
      select payload::jsonb->>'type' as type, payload::jsonb->'data'->>'reason' as reason from outbox`;
    expect(row?.type).toBe("ecotrack.notification.failed.v1");
    expect(row?.reason).toContain("is no address that mail can be sent to");
    expect(service.mailbox.messages.stats.received).toBe(0);
  });

  test("an event that breaks its contract becomes a dead letter, and holds nobody up", async () => {
    await service.start();
    const who = person();
    const broken = { ...confirmed(who.userId), data: { orderId: uuidV7(), userId: who.userId } };
    await service.deliver([registered(who), broken]);
    expect(await service.settled(1)).toEqual(["welcome sent"]);
    const dead = await service.database.sql<{ reason: string }[]>`select reason from dead_letters`;
    expect(dead.map(({ reason }) => reason)).toEqual([
      "ecotrack.order.confirmed.v1 breaks its contract at /items: Expected required property",
    ]);
  }, 15_000);

  test("the mail server is away, then back: nothing is lost", async () => {
    const away = await createMailbox();
    const { smtpPort } = away;
    await away.stop();
    await service.start({ smtpPort });
    const who = person();
    await service.deliver([registered(who)]);
    await eventually(
      async () =>
        (await service.statuses())[0] === "welcome queued" && (await attempts()) > 0 ? true : undefined,
      { withinMs: 10_000 },
    );
    const back = await createMailbox({ smtpPort });
    await service.makeDue();
    await service.settled(1);
    expect((await back.messages.find({ to: who.email, limit: 100 })).length).toBe(1);
    await back.stop();
  }, 30_000);

  test("what the queue lost is found again", async () => {
    await service.start();
    const who = person();
    await service.database
      .sql`insert into recipients (user_id, email, first_name) values (${who.userId}, ${who.email}, 'Ada')`;
    await service.database.sql`
      insert into notifications (id, key, user_id, type, content, created_at, due_at)
      values (${uuidV7()}, 'welcome:x', ${who.userId}, 'welcome', '{}', now(), now())`;
    expect(await service.settled(1)).toEqual(["welcome sent"]);
  }, 20_000);

  test("a sender that died is replaced, and two at once send one mail", async () => {
    await Promise.all([service.start(), service.start()]);
    const who = person();
    await service.database
      .sql`insert into recipients (user_id, email, first_name) values (${who.userId}, ${who.email}, 'Ada')`;
    await service.database.sql`
      insert into notifications (id, key, user_id, type, content, status, attempts, created_at, due_at)
      values (${uuidV7()}, 'welcome:x', ${who.userId}, 'welcome', '{}', 'sending', 1, now(), now())`;
    expect(await service.settled(1)).toEqual(["welcome sent"]);
    expect((await service.mailsTo(who.email)).length).toBe(1);
  }, 20_000);

  test("without Redis mails are sent; only what is more than one process takes in hand waits in the database", async () => {
    await service.start({ redisUrl: "redis://127.0.0.1:1" });
    const who = person();
    await service.deliver([registered(who)]);
    expect(await service.settled(1)).toEqual(["welcome sent"]);
    await service.deliver(Array.from({ length: 401 }, () => confirmed(who.userId)));
    const [row] = await service.database.sql<{ waiting: number }[]>`
      select count(*)::int as waiting from notifications where status = 'queued' and attempts = 0`;
    expect(row?.waiting).toBe(401);
  }, 20_000);

  test("more than one process takes in hand goes through the queue", async () => {
    await service.start();
    const who = person();
    await service.deliver([registered(who), ...Array.from({ length: 401 }, () => confirmed(who.userId))]);
    const statuses = await service.settled(402);
    expect(new Set(statuses)).toEqual(new Set(["welcome sent", "order-confirmed sent"]));
    expect(service.mailbox.messages.stats.received).toBe(402);
  }, 20_000);

  const attempts = async () => {
    const [row] = await service.database.sql<
      { attempts: number }[]
    >`select max(attempts) as attempts from notifications`;
    return row?.attempts ?? 0;
  };
});

test("the database itself refuses a second message about the same thing", async () => {
  const insert = () => service.database.sql`
    insert into notifications (id, key, user_id, type, content, created_at, due_at)
    values (${uuidV7()}, 'welcome:x', ${uuidV7()}, 'welcome', '{}', now(), now())`;
  await insert();
  const refusal = await insert().catch((error: Error) => error.message);
  expect(refusal).toContain("notifications_key_key");
});
