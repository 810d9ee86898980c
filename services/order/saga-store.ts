import type { CloudEvent } from "#mesh/events/cloud-event";
import { orderTopic } from "#mesh/events/order-events";
import type { Reader, Sql, Transaction } from "#mesh/postgres/sql";
import type { CancelReason, Order } from "./order.ts";
import { placedFacts } from "./rebuild-order.ts";
import type { SagaStep } from "./saga.ts";
import type { Answer, HistoryEntry } from "./saga-run.ts";

/**
 * How long whoever took a saga may be silent before another process takes it, by the clock of the database. More than
 * the deadlines of one run's calls together; if a run takes longer all the same, it is fenced off, not wrong.
 */
export const leaseMs = 20_000;

export const leaseEnd = (sql: Reader) => sql`now() + ${leaseMs} * interval '1 millisecond'`;

/** What a new order is stored with. */
export interface NewOrder {
  readonly order: Order;
  readonly lease: string;
  readonly paymentToken: string;
  readonly idempotencyKey: string;
  readonly fingerprint: Buffer;
  /** That it was created. Its trace is the saga's. */
  readonly event: CloudEvent;
}

/**
 * Stores orders, each with its items, its saga, leased to the caller, its key and its event: one statement, which is a
 * transaction of its own. Gives false, and stores nothing, for an order whose key is in use; a request with the same key
 * that is being stored at this moment is waited for.
 */
export async function insertOrders(sql: Sql, created: readonly NewOrder[]): Promise<boolean[]> {
  const given = created.map(toRecord).sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  const rows = await sql<{ id: string }[]>`
    with given as (
      select * from json_to_recordset(${JSON.stringify(given)}::text::json) as given (
        id uuid, "userId" uuid, status text, currency text, total bigint, "carbonKg" numeric, "shippingAddress" json,
        "paymentMethod" text, "at" timestamptz, items json, lease uuid, "paymentToken" text, "idempotencyKey" text,
        fingerprint text, placed json, "eventId" uuid, event text, traceparent text, "correlationId" text
      )
    ), keyed as (
      insert into idempotency_keys (user_id, key, order_id, fingerprint)
      select "userId", "idempotencyKey", id, decode(fingerprint, 'hex') from given
      on conflict (user_id, key) do nothing
      returning order_id
    ), kept as (
      select given.* from keyed join given on given.id = keyed.order_id
    ), placed as (
      insert into orders (
        id, user_id, status, currency, total_amount, carbon_kg, shipping_address, payment_method, created_at, updated_at
      )
      select id, "userId", status, currency, total, "carbonKg", "shippingAddress", "paymentMethod", "at", "at" from kept
    ), lined as (
      insert into order_items (order_id, position, product_id, name, quantity, unit_amount, carbon_kg)
      select kept.id, line.position, line."productId", line.name, line.quantity, line.amount, line."carbonKg"
      from kept, json_to_recordset(kept.items) as line (
        position smallint, "productId" uuid, name text, quantity int, amount bigint, "carbonKg" numeric
      )
    ), begun as (
      insert into sagas (
        order_id, step, lease, due_at, payment_token, idempotency_key, traceparent, correlation_id
      )
      select id, 'reserve', lease, ${leaseEnd(sql)}, "paymentToken", "idempotencyKey", traceparent, "correlationId"
      from kept
    ), noted as (
      insert into order_history (order_id, at, kind, name, data) select id, "at", 'status', status, placed from kept
    ), announced as (
      insert into outbox (event_id, topic, key, payload) select "eventId", ${orderTopic}, id, event from kept
    )
    select order_id as id from keyed`;
  const kept = new Set(rows.map(({ id }) => id));
  return created.map(({ order }) => kept.has(order.id));
}

/** Two processes that are given the same keys lock them in the same order. */
const keyOf = ({ userId, idempotencyKey }: { userId: string; idempotencyKey: string }) =>
  `${userId} ${idempotencyKey}`;

function toRecord({ order, lease, paymentToken, idempotencyKey, fingerprint, event }: NewOrder) {
  return {
    id: order.id,
    userId: order.userId,
    status: order.status,
    currency: order.total.currency,
    total: order.total.amount,
    carbonKg: order.carbon.kgCO2e,
    shippingAddress: order.shippingAddress,
    paymentMethod: order.paymentMethod,
    at: order.createdAt,
    items: order.items.map(({ productId, name, quantity, unitPrice, carbon }, at) => ({
      position: at + 1,
      productId,
      name,
      quantity,
      amount: unitPrice.amount,
      carbonKg: carbon.kgCO2e,
    })),
    lease,
    paymentToken,
    idempotencyKey,
    fingerprint: fingerprint.toString("hex"),
    placed: placedFacts(order),
    eventId: event.id,
    event: JSON.stringify(event),
    traceparent: event.traceparent,
    correlationId: event.correlationid,
  };
}

/** The rest of what a run writes about itself, whenever it writes. */
export interface Progress {
  readonly order: Order;
  readonly lease: string;
  readonly history: readonly HistoryEntry[];
}

/** How a saga ends: the order as it is now, what its client is told, and its event. */
export interface SagaEnding {
  readonly progress: Progress;
  readonly answer: Answer;
  readonly event: CloudEvent;
}

/**
 * Ends sagas: each order as it is now, its event, the key's answer unless one was given before, and history, in one
 * statement, which is a transaction of its own. Gives false, and changes nothing, for a lease that is somebody else's by now.
 */
export async function endSagas(sql: Sql, endings: readonly SagaEnding[]): Promise<boolean[]> {
  const rows = await sql<{ id: string }[]>`
    with given as (
      select * from json_to_recordset(${JSON.stringify(endings.map(toEndingRecord))}::text::json) as given (
        id uuid, lease uuid, "userId" uuid, status text, "paymentId" uuid, "cancelReason" text, "updatedAt" timestamptz,
        "answerStatus" smallint, "answerBody" text, history json, "eventId" uuid, event text
      )
    ), ended as (
      update sagas set step = null, due_at = null, lease = null, payment_token = null
      from given where sagas.order_id = given.id and sagas.lease = given.lease
      returning given.*, sagas.idempotency_key
    ), changed as (
      update orders set status = ended.status, payment_id = ended."paymentId", cancel_reason = ended."cancelReason",
        waiting_for = null, updated_at = ended."updatedAt"
      from ended where orders.id = ended.id
    ), answered as (
      update idempotency_keys k set answer_status = ended."answerStatus", answer_body = ended."answerBody"
      from ended
      where k.user_id = ended."userId" and k.key = ended.idempotency_key and k.order_id = ended.id
        and k.answer_status is null
    ), noted as (
      insert into order_history (order_id, at, kind, name, outcome, attempt, detail, data)
      select ended.id, entry.* from ended, json_to_recordset(ended.history) as entry (
        at timestamptz, kind text, name text, outcome text, attempt int, detail text, data json
      )
    ), announced as (
      insert into outbox (event_id, topic, key, payload) select "eventId", ${orderTopic}, id, event from ended
    )
    select id from ended`;
  const ended = new Set(rows.map(({ id }) => id));
  return endings.map(({ progress }) => ended.has(progress.order.id));
}

const toEndingRecord = ({ progress: { order, lease, history }, answer, event }: SagaEnding) => ({
  id: order.id,
  lease,
  userId: order.userId,
  status: order.status,
  paymentId: order.paymentId,
  cancelReason: order.cancelReason,
  updatedAt: order.updatedAt,
  answerStatus: answer.status,
  answerBody: answer.body,
  history,
  eventId: event.id,
  event: JSON.stringify(event),
});

/** Gives the saga back, to be taken up at `step` after `delayMs` by whoever comes first. */
export async function deferSaga(
  tx: Transaction,
  progress: Progress,
  answer: Answer,
  { step, delayMs, attempts }: { step: SagaStep; delayMs: number; attempts: number },
): Promise<boolean> {
  const { order, lease } = progress;
  const rows = await tx`
    with ended as (
      update sagas set step = ${step}, lease = null, attempts = ${attempts},
        due_at = now() + ${delayMs} * interval '1 millisecond'
      where order_id = ${order.id} and lease = ${lease}
      returning order_id, idempotency_key
    ), changed as (
      update orders set waiting_for = ${order.waitingFor ?? null} from ended
      where orders.id = ended.order_id and orders.waiting_for is distinct from ${order.waitingFor ?? null}::text
    ), ${answered(tx, order, answer)}, ${noted(tx, progress)}
    select from ended`;
  return rows.length > 0;
}

/** Turns the saga round for good: from here on it can only end in a cancelled order. */
export async function turnSaga(
  tx: Transaction,
  progress: Progress,
  { reason, at, event }: { reason: CancelReason; at: Date; event: CloudEvent },
): Promise<boolean> {
  const { order, lease } = progress;
  const rows = await tx`
    with ended as (
      update sagas set step = 'cancel-payment', attempts = 1, due_at = ${leaseEnd(tx)}
      where order_id = ${order.id} and lease = ${lease}
      returning order_id
    ), changed as (
      update orders set cancel_reason = ${reason}, waiting_for = null, updated_at = ${at} from ended
      where orders.id = ended.order_id
    ), ${noted(tx, progress)}, announced as (
      insert into outbox (event_id, topic, key, payload)
      select ${event.id}, ${orderTopic}, order_id, ${JSON.stringify(event)} from ended
    )
    select from ended`;
  return rows.length > 0;
}

const answered = (sql: Reader, order: Order, { status, body }: Answer) => sql`
  answered as (
    update idempotency_keys k set answer_status = ${status}, answer_body = ${body}
    from ended
    where k.user_id = ${order.userId} and k.key = ended.idempotency_key and k.order_id = ended.order_id
      and k.answer_status is null
  )`;

const noted = (sql: Reader, { history }: Progress) => sql`
  noted as (
    insert into order_history (order_id, at, kind, name, outcome, attempt, detail)
    select ended.order_id, entry.*
    from ended, unnest(
      ${history.map(({ at }) => at.toISOString())}::timestamptz[], ${history.map(({ kind }) => kind)}::text[],
      ${history.map(({ name }) => name)}::text[], ${history.map(({ outcome }) => outcome ?? null)}::text[],
      ${history.map(({ attempt }) => attempt ?? null)}::int[], ${history.map(({ detail }) => detail ?? null)}::text[]
    ) as entry
  )`;
