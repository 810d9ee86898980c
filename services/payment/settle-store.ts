import type { Reader } from "#mesh/postgres/sql";
import { type Told, telling, tellingGiven, toldRecord } from "./payment-store.ts";

/** A charge that the provider confirmed. `payer` is who paid, at the provider; sealed. */
export interface Captured {
  readonly orderId: string;
  readonly reference: string;
  readonly payer: string | null;
  readonly told: Told;
}

/** The cancel reason comes back because a cancellation may have come meanwhile, which then has to send the money back. */
export interface Booked {
  readonly cancelReason: string | null;
}

/**
 * Books charges that the provider confirmed: status, ledger, event and audit in one statement. Undefined for a payment that
 * was settled already. The orders are named twice so that any plan, also one made while the table was empty, looks them up.
 */
export async function settleCaptured(
  sql: Reader,
  captured: readonly Captured[],
): Promise<(Booked | undefined)[]> {
  const given = captured
    .map(({ told, ...charge }) => ({ ...charge, ...toldRecord(told) }))
    .sort((one, other) => (one.orderId < other.orderId ? -1 : 1));
  const rows = await sql<({ orderId: string } & Booked)[]>`
    with given as (
      select * from json_to_recordset(${JSON.stringify(given)}::text::json) as given (
        "orderId" uuid, reference text, payer text, "eventId" uuid, event text, "auditAt" timestamptz, act text,
        content text
      )
    ), payment as (
      update payments set status = 'captured', provider_reference = given.reference,
        payer_reference = coalesce(given.payer, payer_reference), next_action_url = null, updated_at = now(),
        claimed_until = null, next_attempt_at = case when cancel_reason is null then null else now() end
      from given
      where order_id = given."orderId" and order_id = any(${given.map(({ orderId }) => orderId)}::uuid[])
        and status in ('initiated', 'unknown', 'requires-action', 'authorized')
      returning payments.id, payments.order_id, payments.amount, payments.currency, payments.gateway,
        payments.cancel_reason, given."eventId", given.event, given."auditAt", given.act, given.content
    ), movement as (
      insert into ledger (kind, payment_id, debit_account, credit_account, amount, currency)
      select 'capture', id, gateway || ':balance', 'orders:receivable', amount, currency from payment
    ), ${tellingGiven(sql)}
    select order_id as "orderId", cancel_reason as "cancelReason" from payment`;
  const booked = new Map(rows.map(({ orderId, cancelReason }) => [orderId, { cancelReason }]));
  return captured.map(({ orderId }) => booked.get(orderId));
}

export interface Decline {
  readonly reference: string | null;
  readonly code: string;
  readonly detail: string;
}

/** Records that nothing was or will be charged; false when the payment was settled already. */
export async function settleDeclined(
  sql: Reader,
  orderId: string,
  { reference, code, detail }: Decline,
  told: Told,
): Promise<boolean> {
  const rows = await sql`
    with payment as (
      update payments set status = 'declined', provider_reference = coalesce(${reference}, provider_reference),
        decline_code = ${code}, decline_detail = ${detail}, next_action_url = null, updated_at = now(),
        claimed_until = null, next_attempt_at = null
      where order_id = ${orderId} and status in ('initiated', 'unknown', 'requires-action', 'authorized')
      returning id
    ), ${telling(sql, told)}
    select id from payment`;
  return rows.length === 1;
}

/** Records that what waited or was held came to nothing because the order is cancelled; false when it was settled. */
export async function settleVoided(sql: Reader, orderId: string, told: Told): Promise<boolean> {
  const rows = await sql`
    with payment as (
      update payments set status = 'cancelled', next_action_url = null, updated_at = now(), claimed_until = null,
        next_attempt_at = null
      where order_id = ${orderId} and status in ('requires-action', 'authorized')
      returning id
    ), ${telling(sql, told)}
    select id from payment`;
  return rows.length === 1;
}

/** What the buyer has to do, and until when. `url` is sealed. */
export interface ActionRequired {
  readonly reference: string;
  readonly url: string;
  readonly expiresAt: Date;
  readonly askAgainAfterMs: number;
}

/** Records that the buyer has to agree first. A repeat keeps the time until which that is possible. */
export async function settleActionRequired(
  sql: Reader,
  orderId: string,
  { reference, url, expiresAt, askAgainAfterMs }: ActionRequired,
  told: Told,
): Promise<boolean> {
  const rows = await sql`
    with payment as (
      update payments set status = 'requires-action', provider_reference = ${reference}, next_action_url = ${url},
        action_expires_at = coalesce(action_expires_at, ${expiresAt}), updated_at = now(), claimed_until = null,
        next_attempt_at = now() + make_interval(secs => ${askAgainAfterMs / 1000})
      where order_id = ${orderId} and status in ('initiated', 'unknown')
      returning id
    ), ${telling(sql, told)}
    select id from payment`;
  return rows.length === 1;
}

/** Records that the money is held; the sweep lets it go after `expiresAfterMs` unless it is taken before. */
export async function settleAuthorized(
  sql: Reader,
  orderId: string,
  { reference, expiresAfterMs }: { readonly reference: string; readonly expiresAfterMs: number },
  told: Told,
): Promise<boolean> {
  const rows = await sql`
    with payment as (
      update payments set status = 'authorized', provider_reference = ${reference}, next_action_url = null,
        action_expires_at = now() + make_interval(secs => ${expiresAfterMs / 1000}), updated_at = now(),
        claimed_until = null, next_attempt_at = case when cancel_reason is not null then now()
          else now() + make_interval(secs => ${expiresAfterMs / 1000}) end
      where order_id = ${orderId} and status in ('initiated', 'unknown', 'requires-action')
      returning id
    ), ${telling(sql, told)}
    select id from payment`;
  return rows.length === 1;
}

/**
 * Lets an unsettled payment go of which nothing was learned: whoever asks next may ask the provider, and the sweep does
 * after `afterMs`. To ask PayPal is to take what the buyer approved, so that a payment that waited may be paid now.
 */
export async function releaseUnknown(sql: Reader, orderId: string, afterMs: number): Promise<void> {
  await sql`
    update payments set
      status = case when status = 'initiated' or (status = 'requires-action' and gateway = 'paypal')
        then 'unknown' else status end,
      claimed_until = null, updated_at = now(), next_attempt_at = now() + make_interval(secs => ${afterMs / 1000})
    where order_id = ${orderId} and status in ('initiated', 'unknown', 'requires-action', 'authorized')`;
}

/** Lets a payment go that still waits for the buyer or is held, until `afterMs` from now. */
export async function releaseWaiting(sql: Reader, orderId: string, afterMs: number): Promise<void> {
  await sql`
    update payments set claimed_until = null, updated_at = now(),
      next_attempt_at = now() + make_interval(secs => ${afterMs / 1000})
    where order_id = ${orderId} and status in ('requires-action', 'authorized')`;
}
