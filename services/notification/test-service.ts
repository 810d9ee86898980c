import { afterEach, beforeEach } from "bun:test";
import { randomUUID } from "node:crypto";
import type { Bus, DeliveredMessage } from "#mesh/bus/bus";
import type { CloudEvent } from "#mesh/events/cloud-event";
import { orderEvent } from "#mesh/events/order-events";
import { userEvent } from "#mesh/events/user-events";
import { eventually } from "#mesh/eventually";
import { createTestIdentity, type TestIdentity } from "#mesh/identity/test-identity";
import { type TestDatabase, testDatabase } from "#mesh/postgres/test-database";
import { uuidV7 } from "#mesh/uuid-v7";
import { createLog } from "#observability/log";
import { createMetrics } from "#observability/metrics";
import { createNotificationApp } from "./app.ts";
import { createMailbox, type Mailbox } from "./mailbox/mailbox.ts";

const log = createLog({ service: "test", level: "silent" });
const mailFrom = "EcoTrack <orders@ecotrack.test>";

type Running = Awaited<ReturnType<typeof createNotificationApp>>;

/** What each test has to itself: a database, a mailbox, and the services it starts; all ended after it. */
export class TestService {
  #database: TestDatabase | undefined;
  #mailbox: Mailbox | undefined;
  #people: TestIdentity | undefined;
  #running: Running[] = [];
  #handle: ((batch: readonly DeliveredMessage[]) => Promise<void>) | undefined;

  constructor() {
    beforeEach(async () => {
      [this.#database, this.#mailbox, this.#people] = await Promise.all([
        testDatabase(new URL("./migrations/", import.meta.url)),
        createMailbox(),
        createTestIdentity("notification-service"),
      ]);
    });
    afterEach(async () => {
      await Promise.all(this.#running.map((each) => each.close()));
      this.#running = [];
      await this.mailbox.stop();
      await this.database.close();
    });
  }

  get database(): TestDatabase {
    return opened(this.#database);
  }
  get mailbox(): Mailbox {
    return opened(this.#mailbox);
  }
  get people(): TestIdentity {
    return opened(this.#people);
  }

  /** Starts a service with a queue of its own. Several share the database. */
  async start({ smtpPort = this.mailbox.smtpPort, redisUrl = testRedisUrl() } = {}): Promise<Running> {
    const bus: Bus = {
      system: "ecotrack",
      publish: async () => {},
      subscribe: async ({ handle }) => {
        this.#handle = handle;
        return { waiting: async () => 0, stop: async () => {} };
      },
      check: async () => {},
      close: async () => {},
    };
    const running = await createNotificationApp({
      sql: this.database.sql,
      transaction: this.database.transaction,
      autocommit: this.database.autocommit,
      bus,
      identity: this.people.identity,
      log,
      metrics: createMetrics("test"),
      now: () => new Date(),
      newId: uuidV7,
      config: { redisUrl, smtpUrl: `smtp://127.0.0.1:${smtpPort}`, mailFrom },
      queuePrefix: `test-${randomUUID()}`,
    });
    this.#running.push(running);
    return running;
  }

  /** Gives the service a batch of events, as the bus does. */
  async deliver(events: readonly CloudEvent[]): Promise<void> {
    await opened(this.#handle)(events.map(delivered));
  }

  async mailsTo(email: string): Promise<string[]> {
    return (await this.mailbox.messages.find({ to: email })).map(({ subject }) => subject);
  }

  /** Type and status of every notification, the oldest first. */
  async statuses(): Promise<string[]> {
    const rows = await this.database.sql<{ type: string; status: string }[]>`
      select type, status from notifications order by id`;
    return rows.map(({ type, status }) => `${type} ${status}`);
  }

  /** The statuses once there are `count` and none of them waits. */
  settled(count: number): Promise<string[]> {
    const ended = (found: string[]) =>
      found.length === count && found.every((each) => /sent|failed|skipped/.test(each));
    return eventually(
      async () => {
        const found = await this.statuses();
        return ended(found) ? found : undefined;
      },
      { withinMs: 15_000 },
    );
  }

  /** Moves the clock of what waits, so that a test does not wait for it. */
  async makeDue(): Promise<void> {
    await this.database.sql`update notifications set due_at = now() where due_at is not null`;
  }
}

function opened<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("Used before it was opened");
  return value;
}

function testRedisUrl(): string {
  const url = process.env.TEST_REDIS_URL;
  if (!url) throw new Error("TEST_REDIS_URL is not set: run the tests by `bun run test`");
  return url;
}

const delivered = (event: CloudEvent, at: number): DeliveredMessage => ({
  topic: "any",
  key: event.subject,
  partition: 0,
  offset: String(at),
  value: JSON.stringify(event),
});

export const newEvent = <D>(subject: string, data: D) => ({ id: uuidV7(), subject, time: new Date(), data });
export const person = () => {
  const userId = uuidV7();
  return { userId, email: `${userId}@example.test`, firstName: "Ada", lastName: "Lovelace" };
};
export const registered = (who: ReturnType<typeof person>) =>
  userEvent("ecotrack.user.registered.v1", newEvent(who.userId, who));
export function confirmed(userId: string, orderId = uuidV7()) {
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
export const cancelled = (userId: string, orderId = uuidV7()) =>
  orderEvent(
    "ecotrack.order.cancelled.v1",
    newEvent(orderId, {
      orderId,
      userId,
      reason: "payment-declined",
      total: { amount: 900, currency: "EUR" },
    }),
  );
export const shipped = (userId: string, orderId = uuidV7()) =>
  orderEvent(
    "ecotrack.order.shipped.v1",
    newEvent(orderId, { orderId, userId, carrier: "DHL", trackingNumber: "JJD0003" }),
  );
