import type { CloudEvent } from "#mesh/events/cloud-event";
import { paymentTopic } from "#mesh/events/payment-events";
import type { Reader, Sql, Transaction } from "#mesh/postgres/sql";
import type { AuditEntry } from "./audit-log.ts";
import type { Payment } from "./payment.ts";
import type { GatewayName } from "./payment-gateway.ts";

/** Longer than one call to the provider can take; whoever holds a payment has died when it is over. */
const leaseSeconds = 15;

const columns = (sql: Reader) => sql`
  id, order_id as "orderId", user_id as "userId", status, amount, currency, refunded, refunding, gateway, capture, dispute,
  withdrawn,  card_token as "cardToken", provider_reference as reference, next_action_url as "nextActionUrl",
  action_expires_at as "actionExpiresAt", decline_code as "declineCode", decline_detail as "declineDetail",
  cancel_reason as "cancelReason", attempts, created_at as "createdAt"`;

/** An event and an audit row that are written by the statement that makes them true. */
export interface Told {
  readonly event: CloudEvent;
  readonly audit: AuditEntry;
}

/** The CTEs that write them, when `payment` gave a row. */
export const telling = (sql: Reader, { event, audit }: Told) => sql`
  event as (
    insert into outbox (event_id, topic, key, payload)
    select ${event.id}, ${paymentTopic}, ${event.subject}, ${JSON.stringify(event)} from payment
  ), audit as (
    insert into audit_log (at, act, payment_id, content)
    select ${audit.at}, ${audit.act}, id, ${audit.content} from payment
  )`;

/** A charge that is about to be asked for. `approval` is what the buyer approved, hashed, where that can pay only once. */
export interface NewCharge {
  readonly payment: Payment;
  readonly approval: Uint8Array | null;
  readonly told: Told;
}

/**
 * Records charges that are about to be asked for, each held by its caller, with their events; false for an order that has a
 * payment already, or whose buyer's approval has paid for another. One statement, a transaction of its own.
 */
export async function insertCharges(sql: Reader, charges: readonly NewCharge[]): Promise<boolean[]> {
  const given = charges
    .map(({ payment, approval, told }) => ({
      ...payment,
      approval: approval === null ? null : Buffer.from(approval).toString("hex"),
      ...toldRecord(told),
    }))
    .sort((one, other) => (one.orderId < other.orderId ? -1 : 1));
  const rows = await sql<{ id: string }[]>`
    with given as (
      select * from json_to_recordset(${JSON.stringify(given)}::text::json) as given (
        id uuid, "orderId" uuid, "userId" uuid, amount bigint, currency text, gateway text, capture text, "cardToken" text,
        approval text, "createdAt" timestamptz, "eventId" uuid, event text, "auditAt" timestamptz, act text, content text
      )
    ), inserted as (
      insert into payments (id, order_id, user_id, status, amount, currency, gateway, capture, card_token,
        approval_digest, attempts, created_at, claimed_until, next_attempt_at)
      select id, "orderId", "userId", 'initiated', amount, currency, gateway, capture, "cardToken",
        decode(approval, 'hex'), 1, "createdAt", now() + make_interval(secs => ${leaseSeconds}),
        now() + make_interval(secs => ${leaseSeconds})
      from given
      on conflict do nothing
      returning id
    ), payment as (
      select given.* from inserted join given on given.id = inserted.id
    ), ${tellingGiven(sql)}
    select id from inserted`;
  const inserted = new Set(rows.map(({ id }) => id));
  return charges.map(({ payment }) => inserted.has(payment.id));
}

/** What `tellingGiven` needs of an event and an audit row, among the fields of a record. */
export const toldRecord = ({ event, audit }: Told) => ({
  eventId: event.id,
  event: JSON.stringify(event),
  auditAt: audit.at,
  act: audit.act,
  content: audit.content,
});

/** The CTEs that write them for each row of `payment`. */
export const tellingGiven = (sql: Reader) => sql`
  event as (
    insert into outbox (event_id, topic, key, payload) select "eventId", ${paymentTopic}, id, event from payment
  ), audit as (
    insert into audit_log (at, act, payment_id, content) select "auditAt", act, id, content from payment
  )`;

export async function findByOrder(sql: Reader, orderId: string): Promise<Payment | undefined> {
  const [row] = await sql<Payment[]>`select ${columns(sql)} from payments where order_id = ${orderId}`;
  return row;
}

export async function findById(sql: Reader, id: string): Promise<Payment | undefined> {
  const [row] = await sql<Payment[]>`select ${columns(sql)} from payments where id = ${id}`;
  return row;
}

export async function findByOrders(
  sql: Reader,
  gateway: GatewayName,
  orderIds: readonly string[],
): Promise<Payment[]> {
  if (orderIds.length === 0) return [];
  return await sql<Payment[]>`
    select ${columns(sql)} from payments where order_id = any(${[...orderIds]}::uuid[]) and gateway = ${gateway}`;
}

/** By the provider's id of its charge. */
export async function findByReference(
  sql: Reader,
  gateway: GatewayName,
  reference: string,
): Promise<Payment | undefined> {
  const [row] = await sql<Payment[]>`
    select ${columns(sql)} from payments where gateway = ${gateway} and provider_reference = ${reference}`;
  return row;
}

/** By the SHA-256 of what the buyer approved; not one that came to nothing. */
export async function findByApproval(sql: Reader, digest: Uint8Array): Promise<Payment | undefined> {
  const [row] = await sql<Payment[]>`
    select ${columns(sql)} from payments where approval_digest = ${digest} and status not in ('declined', 'cancelled')`;
  return row;
}

/** The payment, locked until the transaction ends. */
export async function lockById(tx: Transaction, id: string): Promise<Payment | undefined> {
  const [row] = await tx<Payment[]>`select ${columns(tx)} from payments where id = ${id} for update`;
  return row;
}

/** Takes an unsettled payment to ask the provider for it; undefined when it is settled or somebody else holds it. */
export async function claimOpen(sql: Reader, orderId: string): Promise<Payment | undefined> {
  const [row] = await sql<Payment[]>`
    update payments set attempts = attempts + 1,
      claimed_until = now() + make_interval(secs => ${leaseSeconds}),
      next_attempt_at = now() + make_interval(secs => ${leaseSeconds})
    where order_id = ${orderId} and status in ('initiated', 'unknown', 'requires-action', 'authorized')
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

/** Payments whose money was taken, made within a time, oldest first, but for those whose charge is named. */
export async function capturedBetween(
  sql: Sql,
  gateway: GatewayName,
  { from, to }: { readonly from: Date; readonly to: Date },
  limit: number,
  but: readonly string[],
): Promise<Payment[]> {
  return await sql<Payment[]>`
    select ${columns(sql)} from payments
    where gateway = ${gateway} and status in ('captured', 'refunded') and created_at >= ${from} and created_at < ${to}
      and not provider_reference = any(${but}::text[])
    order by created_at limit ${limit}`;
}

/** Lets a payment go whose cancellation has to be tried again after `afterMs`, or never when null. */
export async function releaseCancellation(sql: Reader, id: string, afterMs: number | null): Promise<void> {
  const seconds = afterMs === null ? null : afterMs / 1000;
  await sql`
    update payments set claimed_until = null, next_attempt_at = now() + make_interval(secs => ${seconds}::float8)
    where id = ${id} and status not in ('initiated', 'unknown', 'requires-action', 'authorized')`;
}

/**
 * Notes that an order is cancelled, so that it can be charged no more. An order nobody charged yet gets a tombstone.
 * What has an answer of the provider is handed to the sweep as well, in case the caller never asks again.
 */
export async function markCancelled(
  sql: Reader,
  { id, orderId, reason, audit }: { id: string; orderId: string; reason: string; audit: AuditEntry },
): Promise<Payment> {
  const [row] = await sql<Payment[]>`
    with before as (
      select 1 from payments where order_id = ${orderId} and cancel_reason is not null
    ), payment as (
      insert into payments (id, order_id, status, cancel_reason) values (${id}, ${orderId}, 'cancelled', ${reason})
      on conflict (order_id) do update set
        cancel_reason = coalesce(payments.cancel_reason, excluded.cancel_reason),
        next_attempt_at = case
          when payments.status in ('captured', 'authorized', 'requires-action')
            then least(payments.next_attempt_at, now() + interval '5 seconds')
          else payments.next_attempt_at end
      returning *
    ), audit as (
      insert into audit_log (at, act, payment_id, content)
      select ${audit.at}, ${audit.act}, id, ${audit.content} from payment where not exists (select from before)
    )
    select ${columns(sql)} from payment`;
  if (row === undefined) throw new Error(`The payment of order ${orderId} was neither inserted nor found`);
  return row;
}

/** Notes that held money is to be taken, so that the sweep goes on with it; undefined when none is held. */
export async function markCaptureAsked(
  sql: Reader,
  orderId: string,
  audit: AuditEntry,
): Promise<Payment | undefined> {
  const [row] = await sql<Payment[]>`
    with payment as (
      update payments set capture = 'asked', next_attempt_at = now() + interval '5 seconds', updated_at = now()
      where order_id = ${orderId} and status = 'authorized' and cancel_reason is null and capture = 'delayed'
      returning *
    ), audit as (
      insert into audit_log (at, act, payment_id, content)
      select ${audit.at}, ${audit.act}, id, ${audit.content} from payment
    )
    select ${columns(sql)} from payment`;
  return row;
}
