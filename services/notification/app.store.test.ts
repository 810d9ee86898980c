import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import type { Bus, DeliveredMessage } from "#mesh/bus/bus";
import type { CloudEvent } from "#mesh/events/cloud-event";
import { orderEvent } from "#mesh/events/order-events";
import { userEvent } from "#mesh/events/user-events";
import { eventually } from "#mesh/eventually";
import { createTestIdentity, type TestIdentity } from "#mesh/identity/test-identity";
import { openDatabase } from "#mesh/postgres/open-database";
import { type TestDatabase, testDatabase } from "#mesh/postgres/test-database";
import { uuidV7 } from "#mesh/uuid-v7";
import { createLog } from "#observability/log";
import { createMetrics } from "#observability/metrics";
import { createNotificationApp } from "./app.ts";
import { createMailbox, type Mailbox } from "./mailbox/mailbox.ts";

const log = createLog({ service: "test", level: "silent" });
const redisUrl = process.env.TEST_REDIS_URL ?? "";

let database: TestDatabase;
let mailbox: Mailbox;
let people: TestIdentity;
let running: Awaited<ReturnType<typeof createNotificationApp>>[] = [];
let deliver: (events: readonly CloudEvent[]) => Promise<void>;

beforeEach(async () => {
  [database, mailbox, people] = await Promise.all([
    testDatabase(new URL("./migrations/", import.meta.url)),
    createMailbox(),
    createTestIdentity("notification-service"),
  ]);
});
afterEach(async () => {
  await Promise.all(running.map((each) => each.close()));
  running = [];
  await mailbox.stop();
  await database.close();
});

async function start({ smtpPort = mailbox.smtpPort, redis = redisUrl } = {}) {
  const bus: Bus = {
    publish: async () => {},
    subscribe: async ({ handle }) => {
      deliver = (events) => handle(events.map(delivered));
      return { stop: async () => {} };
    },
    check: async () => {},
    close: async () => {},
  };
  const app = await createNotificationApp({
    sql: database.sql,
    transaction: database.transaction,
    bus,
    identity: people.identity,
    log,
    metrics: createMetrics("test"),
    now: () => new Date(),
    newId: uuidV7,
    config: {
      redisUrl: redis,
      smtpUrl: `smtp://127.0.0.1:${smtpPort}`,
      mailFrom: "EcoTrack <orders@ecotrack.test>",
    },
    queuePrefix: `test-${randomUUID()}`,
  });
  running.push(app);
  return app;
}

const delivered = (event: CloudEvent, at: number): DeliveredMessage => ({
  topic: "any",
  key: event.subject,
  partition: 0,
  offset: String(at),
  value: JSON.stringify(event),
});

const newEvent = <D>(subject: string, data: D) => ({ id: uuidV7(), subject, time: new Date(), data });
const person = () => {
  const userId = uuidV7();
  return { userId, email: `${userId}@example.test`, firstName: "Ada", lastName: "Lovelace" };
};
const registered = (who: ReturnType<typeof person>) =>
  userEvent("ecotrack.user.registered.v1", newEvent(who.userId, who));
function confirmed(userId: string, orderId = uuidV7()) {
  const total = { amount: 900, currency: "EUR" };
  const carbon = { kgCO2e: "1.5" };
  const items = [
    { productId: uuidV7(), name: "Kettle", quantity: 2, unitPrice: { amount: 450, currency: "EUR" }, carbon },
  ];
  return orderEvent(
    "ecotrack.order.confirmed.v1",
    newEvent(orderId, { orderId, userId, items, total, carbon, paymentId: uuidV7() }),
  );
}
const cancelled = (userId: string, orderId = uuidV7()) =>
  orderEvent(
    "ecotrack.order.cancelled.v1",
    newEvent(orderId, {
      orderId,
      userId,
      reason: "payment-declined",
      total: { amount: 900, currency: "EUR" },
    }),
  );

const mailsTo = async (email: string) =>
  (await mailbox.messages.find({ to: email, limit: 100 })).map(({ subject }) => subject);
const statuses = async () =>
  (
    await database.sql<
      { key: string; status: string }[]
    >`select split_part(key, ':', 1) as key, status from notifications order by id`
  ).map(({ key, status }) => `${key} ${status}`);
const settled = (count: number) =>
  eventually(
    async () => {
      const found = await statuses();
      return found.length === count && found.every((each) => /sent|failed|skipped/.test(each))
        ? found
        : undefined;
    },
    { withinMs: 15_000 },
  );
/** Moves the clock of what waits, so that a test does not wait for it. */
const makeDue = () => database.sql`update notifications set due_at = now() where due_at is not null`;

describe("an event becomes a mail", () => {
  test("once, though it is delivered twice and by two events of the same order", async () => {
    await start();
    const who = person();
    const orderId = uuidV7();
    const event = confirmed(who.userId, orderId);
    await deliver([registered(who), event, event]);
    await deliver([event, confirmed(who.userId, orderId)]);
    expect(await settled(2)).toEqual(["welcome sent", "order-confirmed sent"]);
    expect((await mailsTo(who.email)).length).toBe(2);
    const rows = await database.sql`select payload::jsonb->>'type' as type from outbox order by id`;
    expect(rows.map(({ type }) => type as string)).toEqual([
      "ecotrack.notification.sent.v1",
      "ecotrack.notification.sent.v1",
    ]);
  });

  test("carries its notification's id, by which a second one would be known", async () => {
    await start();
    const who = person();
    await deliver([registered(who)]);
    await settled(1);
    const [mail] = await mailbox.messages.find({ to: who.email, limit: 100 });
    const [row] = await database.sql<{ id: string }[]>`select id from notifications`;
    expect(mail?.messageId).toBe(`<${row?.id}@notifications.ecotrack>`);
  });

  test("and its own event goes on with the trace of the one it came from", async () => {
    await start();
    const who = person();
    const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    const trace = { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, correlationid: "checkout-1" };
    await deliver([{ ...registered(who), ...trace }]);
    await settled(1);
    const [row] = await database.sql<{ traceparent: string; correlation: string }[]>`
      select payload::jsonb->>'traceparent' as traceparent, payload::jsonb->>'correlationid' as correlation from outbox`;
    expect(row?.correlation).toBe("checkout-1");
    expect(row?.traceparent).toStartWith(`00-${traceId}-`);
    expect(row?.traceparent).not.toBe(trace.traceparent);
  });

  test("of which nothing stays when the person is gone", async () => {
    await start();
    const who = person();
    await deliver([registered(who), confirmed(who.userId)]);
    await settled(2);
    await deliver([userEvent("ecotrack.user.deleted.v1", newEvent(who.userId, { userId: who.userId }))]);
    const [row] = await database.sql<{ rows: string }[]>`
      select (select string_agg(n::text, '') from notifications n) || (select string_agg(r::text, '') from recipients r) as rows`;
    expect(row?.rows).not.toMatch(/Ada|Lovelace|@|Kettle/);
  });

  test("when the order's event comes before the person's", async () => {
    await start();
    const who = person();
    await deliver([confirmed(who.userId)]);
    await eventually(async () => {
      const [row] =
        await database.sql`select reason from notifications where status = 'queued' and reason is not null`;
      return row;
    });
    await deliver([registered(who)]);
    await makeDue();
    expect(await settled(2)).toEqual(["order-confirmed sent", "welcome sent"]);
  });

  test("not for somebody who is gone, whatever comes late", async () => {
    await start();
    const who = person();
    await deliver([
      userEvent("ecotrack.user.deleted.v1", newEvent(who.userId, { userId: who.userId })),
      registered(who),
      confirmed(who.userId),
    ]);
    expect(await settled(2)).toEqual(["welcome skipped", "order-confirmed skipped"]);
    expect(await mailsTo(who.email)).toEqual([]);
    const [row] = await database.sql`select email, first_name from recipients`;
    expect(row).toEqual({ email: "", first_name: "" } as never);
  });
});

describe("bad days", () => {
  test("an address that no mail can go to fails for good, and says so", async () => {
    await start();
    const who = { ...person(), email: "ada\r\nBcc: eve@example.test" };
    await deliver([registered(who)]);
    expect(await settled(1)).toEqual(["welcome failed"]);
    const [row] = await database.sql<{ type: string; reason: string }[]>`
      select payload::jsonb->>'type' as type, payload::jsonb->'data'->>'reason' as reason from outbox`;
    expect(row?.type).toBe("ecotrack.notification.failed.v1");
    expect(row?.reason).toContain("is no address that mail can be sent to");
    expect(mailbox.messages.stats.received).toBe(0);
  });

  test("an event that breaks its contract becomes a dead letter, and holds nobody up", async () => {
    await start();
    const who = person();
    const broken = { ...confirmed(who.userId), data: { orderId: uuidV7(), userId: who.userId } };
    await deliver([registered(who), broken]);
    expect(await settled(1)).toEqual(["welcome sent"]);
    const dead = await database.sql<{ reason: string }[]>`select reason from dead_letters`;
    expect(dead.map(({ reason }) => reason)).toEqual([
      "ecotrack.order.confirmed.v1 breaks its contract at /items: Expected required property",
    ]);
  }, 15_000);

  test("the mail server is away, then back: nothing is lost", async () => {
    const away = await createMailbox();
    const { smtpPort } = away;
    await away.stop();
    await start({ smtpPort });
    const who = person();
    await deliver([registered(who)]);
    await eventually(
      async () => ((await statuses())[0] === "welcome queued" && (await attempts()) > 0 ? true : undefined),
      { withinMs: 10_000 },
    );
    const back = await createMailbox({ smtpPort });
    await makeDue();
    await settled(1);
    expect((await back.messages.find({ to: who.email, limit: 100 })).length).toBe(1);
    await back.stop();
  }, 30_000);

  test("what the queue lost is found again", async () => {
    await start();
    const who = person();
    await database.sql`insert into recipients (user_id, email, first_name) values (${who.userId}, ${who.email}, 'Ada')`;
    await database.sql`
      insert into notifications (id, key, user_id, type, content, created_at, due_at)
      values (${uuidV7()}, 'welcome:x', ${who.userId}, 'welcome', '{}', now(), now())`;
    expect(await settled(1)).toEqual(["welcome sent"]);
  }, 20_000);

  test("a sender that died is replaced, and two at once send one mail", async () => {
    await Promise.all([start(), start()]);
    const who = person();
    await database.sql`insert into recipients (user_id, email, first_name) values (${who.userId}, ${who.email}, 'Ada')`;
    await database.sql`
      insert into notifications (id, key, user_id, type, content, status, attempts, created_at, due_at)
      values (${uuidV7()}, 'welcome:x', ${who.userId}, 'welcome', '{}', 'sending', 1, now(), now())`;
    expect(await settled(1)).toEqual(["welcome sent"]);
    expect((await mailsTo(who.email)).length).toBe(1);
  }, 20_000);

  test("without Redis events are still taken; the mail waits in the database", async () => {
    await start({ redis: "redis://127.0.0.1:1" });
    const who = person();
    await deliver([registered(who)]);
    expect(await statuses()).toEqual(["welcome queued"]);
  }, 20_000);

  const attempts = async () => {
    const [row] = await database.sql<
      { attempts: number }[]
    >`select max(attempts) as attempts from notifications`;
    return row?.attempts ?? 0;
  };
});

describe("the routes", () => {
  async function call(method: string, path: string, userId: string, body?: unknown) {
    const [{ app } = await start()] = running;
    const headers = {
      authorization: `Bearer ${await people.userToken({ userId })}`,
      "content-type": "application/json",
    };
    const response = await app.fetch(
      new Request(`http://localhost${path}`, {
        method,
        headers,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    );
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  test("a person sees their own, page by page", async () => {
    await start();
    const [ada, bob] = [person(), person()];
    await deliver([
      registered(ada),
      registered(bob),
      ...Array.from({ length: 4 }, () => confirmed(ada.userId)),
    ]);
    await settled(6);
    const seen: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const query: string = cursor ? `&cursor=${cursor}` : "";
      const { body } = await call("GET", `/api/notifications?limit=2${query}`, ada.userId);
      const page = body as { data: { id: string; status: string }[]; nextCursor: string | null };
      seen.push(...page.data.map(({ id }) => id));
      expect(page.data.every(({ status }) => status === "sent")).toBe(true);
      cursor = page.nextCursor;
    }
    expect(new Set(seen).size).toBe(5);
    expect(seen).toEqual(seen.toSorted().reverse());
  });

  test("who turned updates off gets the receipt and not the cancellation", async () => {
    await start();
    const who = person();
    const choice = { email: { orderUpdates: false, marketing: false } };
    expect(await call("PUT", "/api/notifications/preferences", who.userId, choice)).toEqual({
      status: 200,
      body: choice,
    });
    expect((await call("GET", "/api/notifications/preferences", who.userId)).body).toEqual(choice);
    await deliver([registered(who), confirmed(who.userId), cancelled(who.userId)]);
    expect(await settled(3)).toEqual(["welcome sent", "order-confirmed sent", "order-cancelled skipped"]);
  });

  test("who chose nothing gets news of orders and no advertising", async () => {
    await start();
    expect((await call("GET", "/api/notifications/preferences", uuidV7())).body).toEqual({
      email: { orderUpdates: true, marketing: false },
    });
  });

  test("bad input is refused", async () => {
    const { userId } = person();
    for (const query of ["limit=0", "limit=101", "cursor=x", "colour=green"]) {
      expect((await call("GET", `/api/notifications?${query}`, userId)).status).toBe(422);
    }
    for (const body of [
      {},
      { email: {} },
      { email: { orderUpdates: "yes", marketing: true } },
      { email: { orderUpdates: true, marketing: true, sms: true } },
    ]) {
      expect((await call("PUT", "/api/notifications/preferences", userId, body)).status).toBe(422);
    }
  });
});

test("the database itself refuses a second message about the same thing", async () => {
  const sql = openDatabase({ url: database.url, max: 1, applicationName: "test", log });
  const insert = () => sql`
    insert into notifications (id, key, user_id, type, content, created_at, due_at)
    values (${uuidV7()}, 'welcome:x', ${uuidV7()}, 'welcome', '{}', now(), now())`;
  await insert();
  expect(insert().then(() => "taken")).rejects.toThrow("notifications_key_key");
  await sql.end();
});
