import type { CloudEvent } from "#mesh/events/cloud-event";
import { paymentTopic } from "#mesh/events/payment-events";
import type { Reader, Sql, Transaction } from "#mesh/postgres/sql";
import type { ChargeRequest, Payment } from "./payment.ts";

/** Longer than one call to the provider can take; whoever holds a payment has died when it is over. */
const leaseSeconds = 15;

const columns = (sql: Reader) => sql`
  id, order_id as "orderId", user_id as "userId", status, amount, currency, refunded, refunding, gateway,
  card_token as "cardToken", provider_reference as reference, decline_code as "declineCode",
  decline_detail as "declineDetail", cancel_reason as "cancelReason", attempts, created_at as "createdAt"`;

export interface NewCharge extends ChargeRequest {
  readonly id: string;
  readonly createdAt: Date;
  readonly initiated: CloudEvent;
}

/**
 * Records a charge that is about to be asked for, held by the caller, with its event; false when the order has a
 * payment already. One statement, so that the hot path costs one round trip and needs no transaction around it.
 */
export async function insertCharge(sql: Reader, charge: NewCharge): Promise<boolean> {
  const { initiated } = charge;
  const rows = await sql`
    with payment as (
      insert into payments (id, order_id, user_id, status, amount, currency, card_token, attempts, created_at,
        claimed_until, next_attempt_at)
      values (${charge.id}, ${charge.orderId}, ${charge.userId}, 'initiated', ${charge.amount.amount},
        ${charge.amount.currency}, ${charge.cardToken}, 1, ${charge.createdAt},
        now() + make_interval(secs => ${leaseSeconds}), now() + make_interval(secs => ${leaseSeconds}))
      on conflict (order_id) do nothing
      returning id
    ), event as (
      insert into outbox (event_id, topic, key, payload)
      select ${initiated.id}, ${paymentTopic}, ${initiated.subject}, ${JSON.stringify(initiated)} from payment
    )
    select id from payment`;
  return rows.length === 1;
}

export async function findByOrder(sql: Reader, orderId: string): Promise<Payment | undefined> {
  const [row] = await sql<Payment[]>`select ${columns(sql)} from payments where order_id = ${orderId}`;
  return row;
}

export async function findById(sql: Reader, id: string): Promise<Payment | undefined> {
  const [row] = await sql<Payment[]>`select ${columns(sql)} from payments where id = ${id}`;
  return row;
}

/** The payment, locked until the transaction ends. */
export async function lockById(tx: Transaction, id: string): Promise<Payment | undefined> {
  const [row] = await tx<Payment[]>`select ${columns(tx)} from payments where id = ${id} for update`;
  return row;
}

/** Takes an open payment to ask the provider for it; undefined when it is settled or somebody else holds it. */
export async function claimOpen(sql: Reader, orderId: string): Promise<Payment | undefined> {
  const [row] = await sql<Payment[]>`
    update payments set attempts = attempts + 1,
      claimed_until = now() + make_interval(secs => ${leaseSeconds}),
      next_attempt_at = now() + make_interval(secs => ${leaseSeconds})
    where order_id = ${orderId} and status in ('initiated', 'unknown')
      and (claimed_until is null or claimed_until <= now())
    returning ${columns(sql)}`;
  return row;
}

/**
 * Takes payments on which something is left to do and whose time has come: open ones, and captured ones whose
 * cancellation waits. Two processes never get the same one.
 */
export async function claimDue(sql: Sql, limit: number): Promise<Payment[]> {
  return await sql<Payment[]>`
    update payments set attempts = attempts + 1,
      claimed_until = now() + make_interval(secs => ${leaseSeconds}),
      next_attempt_at = now() + make_interval(secs => ${leaseSeconds})
    where id in (
      select id from payments where next_attempt_at <= now() and (claimed_until is null or claimed_until <= now())
      order by next_attempt_at limit ${limit} for update skip locked
    )
    returning ${columns(sql)}`;
}

/**
 * Books a charge that the provider confirmed: status, ledger and event in one statement. The cancel reason comes
 * back because a cancellation may have come meanwhile, which then has to send the money back. Undefined when the
 * payment was settled already.
 */
export async function settleCaptured(
  sql: Reader,
  orderId: string,
  reference: string,
  processed: CloudEvent,
): Promise<{ cancelReason: string | null } | undefined> {
  const [row] = await sql<{ cancelReason: string | null }[]>`
    with payment as (
      update payments set status = 'captured', provider_reference = ${reference}, updated_at = now(),
        claimed_until = null, next_attempt_at = case when cancel_reason is null then null else now() end
      where order_id = ${orderId} and status in ('initiated', 'unknown')
      returning id, amount, currency, gateway, cancel_reason
    ), movement as (
      insert into ledger (kind, payment_id, debit_account, credit_account, amount, currency)
      select 'capture', id, gateway || ':balance', 'orders:receivable', amount, currency from payment
    ), event as (
      insert into outbox (event_id, topic, key, payload)
      select ${processed.id}, ${paymentTopic}, ${processed.subject}, ${JSON.stringify(processed)} from payment
    )
    select cancel_reason as "cancelReason" from payment`;
  return row;
}

export interface Decline {
  readonly reference: string | null;
  readonly code: string;
  readonly detail: string;
}

/** Records that nothing was charged, with the event; false when the payment was settled already. */
export async function settleDeclined(
  sql: Reader,
  orderId: string,
  { reference, code, detail }: Decline,
  failed: CloudEvent,
): Promise<boolean> {
  const rows = await sql`
    with payment as (
      update payments set status = 'declined', provider_reference = ${reference}, decline_code = ${code},
        decline_detail = ${detail}, updated_at = now(), claimed_until = null, next_attempt_at = null
      where order_id = ${orderId} and status in ('initiated', 'unknown')
      returning id
    ), event as (
      insert into outbox (event_id, topic, key, payload)
      select ${failed.id}, ${paymentTopic}, ${failed.subject}, ${JSON.stringify(failed)} from payment
    )
    select id from payment`;
  return rows.length === 1;
}

/** Lets an open payment go: whoever asks next may ask the provider, and the sweep does after `afterMs`. */
export async function releaseUnknown(sql: Reader, orderId: string, afterMs: number): Promise<void> {
  await sql`
    update payments set status = 'unknown', claimed_until = null, updated_at = now(),
      next_attempt_at = now() + make_interval(secs => ${afterMs / 1000})
    where order_id = ${orderId} and status in ('initiated', 'unknown')`;
}

/** Lets a payment go whose cancellation has to be tried again after `afterMs`, or never when null. */
export async function releaseCancellation(sql: Reader, id: string, afterMs: number | null): Promise<void> {
  const seconds = afterMs === null ? null : afterMs / 1000;
  await sql`
    update payments set claimed_until = null, next_attempt_at = now() + make_interval(secs => ${seconds}::float8)
    where id = ${id} and status not in ('initiated', 'unknown')`;
}

/**
 * Notes that an order is cancelled, so that it can be charged no more. An order nobody charged yet gets a tombstone.
 * What is open or captured is handed to the sweep as well, in case the caller never asks again.
 */
export async function markCancelled(
  sql: Reader,
  { id, orderId, reason }: { id: string; orderId: string; reason: string },
): Promise<Payment> {
  const [row] = await sql<Payment[]>`
    insert into payments (id, order_id, status, cancel_reason) values (${id}, ${orderId}, 'cancelled', ${reason})
    on conflict (order_id) do update set
      cancel_reason = coalesce(payments.cancel_reason, excluded.cancel_reason),
      next_attempt_at = case
        when payments.status = 'captured' then coalesce(payments.next_attempt_at, now() + interval '5 seconds')
        else payments.next_attempt_at end
    returning ${columns(sql)}`;
  if (row === undefined) throw new Error(`The payment of order ${orderId} was neither inserted nor found`);
  return row;
}
