import type { CloudEvent } from "#mesh/events/cloud-event";
import { orderTopic } from "#mesh/events/order-events";
import type { Reader, Sql, Transaction } from "#mesh/postgres/sql";
import type { CancelReason, Order } from "./order.ts";
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
 * Stores an order with its items, its saga, leased to the caller, its key and its event: one statement, which is a
 * transaction of its own. Gives false, and stores nothing, when the key is in use; a request with the same key that is
 * being stored at this moment is waited for.
 */
export async function insertOrder(sql: Sql, created: NewOrder): Promise<boolean> {
  const { order, lease, paymentToken, idempotencyKey, fingerprint, event } = created;
  const { items } = order;
  const rows = await sql`
    with keyed as (
      insert into idempotency_keys (user_id, key, order_id, fingerprint)
      values (${order.userId}, ${idempotencyKey}, ${order.id}, ${fingerprint})
      on conflict (user_id, key) do nothing
      returning order_id
    ), placed as (
      insert into orders (
        id, user_id, status, currency, total_amount, carbon_kg, shipping_address, payment_method, created_at, updated_at
      )
      select order_id, ${order.userId}, ${order.status}, ${order.total.currency}, ${order.total.amount},
        ${order.carbon.kgCO2e}, ${sql.json({ ...order.shippingAddress })}, ${order.paymentMethod},
        ${order.createdAt}, ${order.updatedAt}
      from keyed
    ), lined as (
      insert into order_items (order_id, position, product_id, name, quantity, unit_amount, carbon_kg)
      select order_id, line.position, line.product_id, line.name, line.quantity, line.unit_amount, line.carbon_kg
      from keyed, unnest(
        ${items.map(({ productId }) => productId)}::uuid[], ${items.map(({ name }) => name)}::text[],
        ${items.map(({ quantity }) => quantity)}::int[], ${items.map(({ unitPrice }) => unitPrice.amount)}::bigint[],
        ${items.map(({ carbon }) => carbon.kgCO2e)}::numeric[]
      ) with ordinality as line (product_id, name, quantity, unit_amount, carbon_kg, position)
    ), begun as (
      insert into sagas (
        order_id, step, lease, due_at, payment_token, idempotency_key, traceparent, correlation_id
      )
      select order_id, 'reserve', ${lease}, ${leaseEnd(sql)}, ${paymentToken}, ${idempotencyKey},
        ${event.traceparent ?? null}, ${event.correlationid ?? null}
      from keyed
    ), ${announced(sql, event, "keyed")}
    select from keyed`;
  return rows.length > 0;
}

/** Puts the event into the outbox when the common table expression `source` has a row. */
const announced = (sql: Reader, event: CloudEvent, source: "keyed" | "ended") => sql`
  announced as (
    insert into outbox (event_id, topic, key, payload)
    select ${event.id}, ${orderTopic}, ${event.subject}, ${JSON.stringify(event)} from ${sql(source)}
  )`;

/** The rest of what a run writes about itself, whenever it writes. */
export interface Progress {
  readonly order: Order;
  readonly lease: string;
  readonly history: readonly HistoryEntry[];
}

/**
 * Ends a saga: the order as it is now, its event, the key's answer unless one was given before, and history, in one
 * statement, which is a transaction of its own. Gives false, and changes nothing, when the lease is somebody else's by now.
 */
export async function endSaga(
  sql: Sql,
  progress: Progress,
  answer: Answer,
  event: CloudEvent,
): Promise<boolean> {
  const { order, lease } = progress;
  const rows = await sql`
    with ended as (
      update sagas set step = null, due_at = null, lease = null, payment_token = null
      where order_id = ${order.id} and lease = ${lease}
      returning order_id, idempotency_key
    ), changed as (
      update orders set status = ${order.status}, payment_id = ${order.paymentId ?? null},
        cancel_reason = ${order.cancelReason ?? null}, updated_at = ${order.updatedAt}
      from ended where orders.id = ended.order_id
    ), ${answered(sql, order, answer)}, ${noted(sql, progress)}, ${announced(sql, event, "ended")}
    select from ended`;
  return rows.length > 0;
}

/** Gives the saga back, to be taken up at `step` after `delayMs` by whoever comes first. */
export async function deferSaga(
  tx: Transaction,
  progress: Progress,
  answer: Answer,
  { step, delayMs }: { step: SagaStep; delayMs: number },
): Promise<boolean> {
  const { order, lease } = progress;
  const rows = await tx`
    with ended as (
      update sagas set step = ${step}, lease = null, due_at = now() + ${delayMs} * interval '1 millisecond'
      where order_id = ${order.id} and lease = ${lease}
      returning order_id, idempotency_key
    ), ${answered(tx, order, answer)}, ${noted(tx, progress)}
    select from ended`;
  return rows.length > 0;
}

/** Turns the saga round for good: from here on it can only end in a cancelled order. */
export async function turnSaga(
  tx: Transaction,
  progress: Progress,
  reason: CancelReason,
  at: Date,
): Promise<boolean> {
  const { order, lease } = progress;
  const rows = await tx`
    with ended as (
      update sagas set step = 'cancel-payment', attempts = 1, due_at = ${leaseEnd(tx)}
      where order_id = ${order.id} and lease = ${lease}
      returning order_id
    ), changed as (
      update orders set cancel_reason = ${reason}, updated_at = ${at} from ended where orders.id = ended.order_id
    ), ${noted(tx, progress)}
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
