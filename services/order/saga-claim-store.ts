import type { CloudEvent } from "#mesh/events/cloud-event";
import { orderTopic } from "#mesh/events/order-events";
import type { Sql, Transaction } from "#mesh/postgres/sql";
import type { Order } from "./order.ts";
import { findOrders } from "./order-store.ts";
import { resumeAt, type SagaStep } from "./saga.ts";
import type { SagaRun } from "./saga-run.ts";
import { leaseEnd } from "./saga-store.ts";

/** A saga that was taken up, with the trace it belongs to. */
export interface ClaimedSaga extends SagaRun {
  readonly traceparent: string | null;
  readonly correlationId: string | null;
}

/** Takes up to `limit` sagas that nobody works on and whose time has come, the longest waiting first. */
export async function claimDueSagas(tx: Transaction, limit: number): Promise<ClaimedSaga[]> {
  const rows = await tx<
    {
      order_id: string;
      step: SagaStep;
      lease: string;
      attempts: number;
      age_ms: number;
      payment_token: string | null;
      idempotency_key: string;
      traceparent: string | null;
      correlation_id: string | null;
    }[]
  >`
    with due as (
      select order_id from sagas where due_at <= now() order by due_at limit ${limit} for update skip locked
    )
    update sagas s set lease = gen_random_uuid(), due_at = ${leaseEnd(tx)}, attempts = attempts + 1
    from due where s.order_id = due.order_id
    returning s.order_id, s.step, s.lease, s.attempts, s.payment_token, s.idempotency_key, s.traceparent,
      s.correlation_id, (extract(epoch from now() - s.started_at) * 1000)::float8 as age_ms`;
  if (rows.length === 0) return [];
  const found = await findOrders(
    tx,
    rows.map((row) => row.order_id),
  );
  const orders = new Map(found.map((order) => [order.id, order]));
  return rows.flatMap((row) => {
    const order = orders.get(row.order_id);
    if (!order) return [];
    return {
      order,
      lease: row.lease,
      step: resumeAt(row.step),
      attempt: row.attempts,
      ageMs: row.age_ms,
      paymentToken: row.payment_token ?? undefined,
      idempotencyKey: row.idempotency_key,
      traceparent: row.traceparent,
      correlationId: row.correlation_id,
    };
  });
}

/** Holds the saga still for the rest of the transaction; whoever writes to an order locks its saga first. */
export async function lockSaga(
  tx: Transaction,
  orderId: string,
): Promise<{ idempotencyKey: string; step: SagaStep | null } | undefined> {
  const [row] = await tx<{ idempotencyKey: string; step: SagaStep | null }[]>`
    select idempotency_key as "idempotencyKey", step from sagas where order_id = ${orderId} for update`;
  return row;
}

/**
 * Takes the saga away from whoever works on it, or wakes it after its end, and turns it round.
 * Gives false when the order has left in the meantime.
 */
export async function seizeSaga(
  tx: Transaction,
  { order, lease, event }: { order: Order; lease: string; event: CloudEvent },
): Promise<boolean> {
  const { id, cancelReason: reason = "", updatedAt: at } = order;
  const rows = await tx`
    with changed as (
      update orders set cancel_reason = ${reason}, waiting_for = null, updated_at = ${at}
      where id = ${id} and status in ('pending', 'confirmed') and cancel_reason is null
      returning id
    ), seized as (
      update sagas set step = 'cancel-payment', lease = ${lease}, due_at = ${leaseEnd(tx)}, attempts = 1
      from changed where sagas.order_id = changed.id
    ), noted as (
      insert into order_history (order_id, at, kind, name, detail)
      select id, ${at}, 'decision', 'compensate', ${reason} from changed
    ), queued as (
      insert into audit_queue (order_id, due_at) select id, now() + interval '5 minutes' from changed
      on conflict (order_id) do update set due_at = excluded.due_at
    ), announced as (
      insert into outbox (event_id, topic, key, payload)
      select ${event.id}, ${orderTopic}, id, ${JSON.stringify(event)} from changed
    )
    select from changed`;
  return rows.length > 0;
}

/** Sagas that have not ended, by the step they are at, and how long the oldest of each has been on its way. */
export async function countSagas(
  sql: Sql,
): Promise<readonly { readonly step: SagaStep; readonly count: number; readonly oldestSeconds: number }[]> {
  return await sql<{ step: SagaStep; count: number; oldestSeconds: number }[]>`
    select step, count(*)::int as count, extract(epoch from now() - min(started_at))::float8 as "oldestSeconds"
    from sagas where step is not null group by step`;
}
