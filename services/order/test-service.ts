import { randomUUID } from "node:crypto";
import type { CloudEvent } from "#mesh/events/cloud-event";
import { eventually } from "#mesh/eventually";
import { createTestIdentity } from "#mesh/identity/test-identity";
import type { Autocommit, Transact } from "#mesh/postgres/sql";
import { testDatabase } from "#mesh/postgres/test-database";
import { uuidV7 } from "#mesh/uuid-v7";
import { createLog } from "#observability/log";
import { createMetrics } from "#observability/metrics";
import { createOrderApp } from "./app.ts";
import { createFakeServices } from "./fake-services.ts";

export const migrations = new URL("./migrations/", import.meta.url);

export const shippingAddress = {
  fullName: "Ada Lovelace",
  line1: "12 St James's Square",
  city: "London",
  postalCode: "SW1Y 4JH",
  country: "GB",
};

/** A request to place an order of these products. */
export const orderOf = (
  items: readonly { productId: string; quantity: unknown }[],
  token = "pm_card_visa",
) => ({
  items,
  shippingAddress,
  paymentMethod: { type: "card", token },
});

/** An answer; `body` is read as an order, a page or a problem, whichever the test expects. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: {
    readonly id: string;
    readonly status: string | number;
    readonly code: string;
    readonly cancelReason?: string;
    readonly createdAt: string;
    readonly updatedAt: string;
    readonly data: readonly { readonly id: string; readonly name: string }[];
    readonly nextCursor: string | null;
    readonly errors: readonly { readonly pointer: string; readonly detail: string }[];
  };
}

/** What a test may put between a process and its database: it stands around each of its commits. */
export interface Fates {
  around: (commit: () => Promise<unknown>) => Promise<unknown>;
}

export type TestService = Awaited<ReturnType<typeof startTestService>>;

/** Where a saga ended, with what it did to stock and money. */
export interface Settled {
  readonly status: string;
  readonly reservation: string | undefined;
  readonly payment: string | undefined;
}

/**
 * order-service on a database of its own, beside services that are in memory. Two processes: one answers, and is subject
 * to `fates`; the other takes up what the first one leaves.
 */
export async function startTestService({ answerWithinMs = 2000 } = {}) {
  const database = await testDatabase(migrations);
  const services = createFakeServices();
  const people = await createTestIdentity("order-service");
  const lines: string[] = [];
  const log = createLog({
    service: "order-service",
    level: "trace",
    destination: { write: (line) => lines.push(line) },
  });
  const metrics = createMetrics("order-service");
  const fates: Fates = { around: (commit) => commit() };
  const fated: Transact = async (work) =>
    (await fates.around(() => database.transaction(work))) as Awaited<ReturnType<typeof work>>;
  const fatedStatement: Autocommit = async (statement) =>
    (await fates.around(() => database.autocommit(statement))) as Awaited<ReturnType<typeof statement>>;
  const start = (transaction: Transact, autocommit: Autocommit, everyMs: number) =>
    createOrderApp({
      sql: database.sql,
      transaction,
      autocommit,
      productService: services.productService,
      paymentService: services.paymentService,
      identity: people.identity,
      log,
      metrics,
      now: () => new Date(),
      newId: uuidV7,
      answerWithinMs,
      resume: { everyMs },
    });
  const first = start(fated, fatedStatement, 3_600_000);
  const another = () => start(database.transaction, database.autocommit, 10);
  const processes = [first, another()];

  async function call(
    method: string,
    path: string,
    { token, body, headers = {} }: { token?: string; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Reply> {
    const raw = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
    const request = new Request(`http://orders${path}`, {
      method,
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(raw !== undefined && { body: raw as BodyInit }),
    });
    const response = await first.app.fetch(request);
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: JSON.parse(text) as Reply["body"],
    };
  }

  const userId = uuidV7();
  const customer = await people.userToken({ userId });
  const { sql } = database;

  const service = {
    sql,
    services,
    people,
    fates,
    lines,
    metrics,
    call,
    customer,
    userId,
    deps: first.deps,
    stranger: await people.userToken({ userId: uuidV7() }),
    admin: await people.userToken({ userId: uuidV7(), roles: ["admin"] }),
    another,
    place: (body: unknown, key: string = randomUUID(), token = customer) =>
      call("POST", "/api/orders", { token, body, headers: { "idempotency-key": key } }),
    cancel: (id: string, token = customer) => call("POST", `/api/orders/${id}/cancel`, { token }),
    read: (id: string, token = customer) => call("GET", `/api/orders/${id}`, { token }),
    /** Ends every lease and every wait, as if the time for it had passed. */
    passTime: async () => {
      await sql`update sagas set due_at = now() - interval '1 second' where due_at is not null`;
    },
    async events(orderId: string): Promise<CloudEvent[]> {
      const rows = await sql<
        { payload: string }[]
      >`select payload from outbox where key = ${orderId} order by id`;
      return rows.map(({ payload }) => JSON.parse(payload) as CloudEvent);
    },
    eventTypes: async (orderId: string) =>
      (await service.events(orderId)).map(({ type }) =>
        type.replace("ecotrack.order.", "").replace(".v1", ""),
      ),
    async row(orderId: string) {
      const [row] = await sql<
        {
          status: string;
          cancel_reason: string | null;
          step: string | null;
          lease: string | null;
          payment_token: string | null;
        }[]
      >`
        select o.status, o.cancel_reason, s.step, s.lease, s.payment_token
        from orders o join sagas s on s.order_id = o.id where o.id = ${orderId}`;
      if (!row) throw new Error(`There is no order ${orderId}`);
      return row;
    },
    onlyOrder: async (user = userId) => {
      const rows = await sql<
        { id: string }[]
      >`select id from orders where user_id = ${user} order by id desc`;
      return rows[0]?.id ?? "";
    },
    async ended(orderId: string): Promise<Settled> {
      const row = await service.row(orderId);
      if (row.step !== null) throw new Error(`The saga of ${orderId} is still at ${row.step}`);
      return {
        status: row.status,
        reservation: services.reservations.get(orderId)?.status,
        payment: services.payments.get(orderId)?.status,
      };
    },
    settled: (orderId: string) => eventually(() => service.ended(orderId)),
    async close() {
      for (const each of processes) await each.close();
      await database.close();
    },
  };
  return service;
}
