import type { Reader, Sql, Transaction } from "#mesh/postgres/sql";
import type { Refund, RefundAnswer, RefundOrigin } from "./refund.ts";

const leaseSeconds = 15;

const columns = (sql: Reader) => sql`
  id, payment_id as "paymentId", amount, reason, origin, status, fingerprint, answer_status as "answerStatus",
  answer_body as "answerBody", attempts,
  coalesce(claimed_until > now(), false) as "isHeld", created_at as "createdAt"`;

export interface NewRefund {
  readonly id: string;
  readonly paymentId: string;
  readonly amount: number;
  readonly reason: string;
  readonly origin: RefundOrigin;
  readonly createdAt: Date;
  readonly requestedBy?: string;
  readonly idempotencyKey?: string;
  readonly fingerprint?: string;
}

/**
 * Sets money of a captured payment aside and records the refund that is about to be asked for, held by the caller.
 * @throws when it is more than what is left, which the database checks too
 */
export async function insertPendingRefund(tx: Transaction, refund: NewRefund): Promise<Refund> {
  const [row] = await tx<Refund[]>`
    with payment as (
      update payments set refunding = refunding + ${refund.amount}, updated_at = now() where id = ${refund.paymentId}
    )
    insert into refunds (id, payment_id, amount, reason, origin, status, requested_by, idempotency_key, fingerprint,
      attempts, claimed_until, next_attempt_at, created_at)
    values (${refund.id}, ${refund.paymentId}, ${refund.amount}, ${refund.reason}, ${refund.origin}, 'pending',
      ${refund.requestedBy ?? null}, ${refund.idempotencyKey ?? null}, ${refund.fingerprint ?? null}, 1,
      now() + make_interval(secs => ${leaseSeconds}), now() + make_interval(secs => ${leaseSeconds}),
      ${refund.createdAt})
    returning ${columns(tx)}`;
  if (row === undefined) throw new Error(`Refund ${refund.id} was not inserted`);
  return row;
}

/** Keeps a refusal under its key, so that a repeat of the request gets it again. */
export async function insertRefusedRefund(
  tx: Transaction,
  refund: NewRefund,
  answer: RefundAnswer,
): Promise<void> {
  await tx`
    insert into refunds (id, payment_id, amount, reason, origin, status, requested_by, idempotency_key, fingerprint,
      answer_status, answer_body, created_at)
    values (${refund.id}, ${refund.paymentId}, ${refund.amount}, ${refund.reason}, ${refund.origin}, 'refused',
      ${refund.requestedBy ?? null}, ${refund.idempotencyKey ?? null}, ${refund.fingerprint ?? null},
      ${answer.status}, ${answer.body},
      ${refund.createdAt})`;
}

/** A refund that the provider made without being asked by us: in its dashboard, say. Only its books need it here. */
export async function insertForeignRefund(tx: Transaction, refund: NewRefund): Promise<void> {
  await tx`
    with payment as (
      update payments set refunding = refunding + ${refund.amount} where id = ${refund.paymentId}
    )
    insert into refunds (id, payment_id, amount, reason, origin, status, created_at)
    values (${refund.id}, ${refund.paymentId}, ${refund.amount}, ${refund.reason}, 'provider', 'pending',
      ${refund.createdAt})`;
}

/** A refund that the provider made without being asked by us, and that failed before its making was known here. */
export async function insertFailedRefund(
  tx: Transaction,
  refund: NewRefund,
  reference: string,
): Promise<void> {
  await tx`
    insert into refunds (id, payment_id, amount, reason, origin, status, provider_reference, created_at)
    values (${refund.id}, ${refund.paymentId}, ${refund.amount}, ${refund.reason}, ${refund.origin}, 'failed',
      ${reference}, ${refund.createdAt})`;
}

/** The refund that was asked for under a key, locked until the transaction ends. */
export async function lockByKey(
  tx: Transaction,
  requestedBy: string,
  idempotencyKey: string,
): Promise<Refund | undefined> {
  const [row] = await tx<Refund[]>`
    select ${columns(tx)} from refunds
    where requested_by = ${requestedBy} and idempotency_key = ${idempotencyKey} for update`;
  return row;
}

export async function findRefundById(sql: Reader, id: string): Promise<Refund | undefined> {
  if (!/^[0-9a-f-]{36}$/i.test(id)) return undefined;
  const [row] = await sql<Refund[]>`select ${columns(sql)} from refunds where id = ${id}`;
  return row;
}

/** The refund by which a cancellation sends back what was left, while its outcome is open. */
export async function lockPendingCancellation(
  tx: Transaction,
  paymentId: string,
): Promise<Refund | undefined> {
  const [row] = await tx<Refund[]>`
    select ${columns(tx)} from refunds
    where payment_id = ${paymentId} and origin = 'cancellation' and status = 'pending' for update`;
  return row;
}

/** Takes a refund to ask the provider for it. */
export async function holdRefund(tx: Transaction, id: string): Promise<void> {
  await tx`
    update refunds set attempts = attempts + 1, claimed_until = now() + make_interval(secs => ${leaseSeconds}),
      next_attempt_at = now() + make_interval(secs => ${leaseSeconds})
    where id = ${id}`;
}

/** Takes refunds whose outcome is open and whose time has come. Two processes never get the same one. */
export async function claimDueRefunds(sql: Sql, limit: number): Promise<Refund[]> {
  return await sql<Refund[]>`
    update refunds set attempts = attempts + 1, claimed_until = now() + make_interval(secs => ${leaseSeconds}),
      next_attempt_at = now() + make_interval(secs => ${leaseSeconds})
    where id in (
      select id from refunds where next_attempt_at <= now() and (claimed_until is null or claimed_until <= now())
      order by next_attempt_at limit ${limit} for update skip locked
    )
    returning ${columns(sql)}`;
}

/** Lets an open refund go until `afterMs` from now. */
export async function releaseRefund(sql: Reader, id: string, afterMs: number): Promise<void> {
  await sql`
    update refunds set claimed_until = null, updated_at = now(),
      next_attempt_at = now() + make_interval(secs => ${afterMs / 1000})
    where id = ${id} and status = 'pending'`;
}

/** Books a refund that the provider confirmed: status, balance and ledger. False when it was settled already. */
export async function settleSucceeded(
  tx: Transaction,
  id: string,
  reference: string | null,
): Promise<boolean> {
  const rows = await tx`
    with refund as (
      update refunds set status = 'succeeded', provider_reference = ${reference}, claimed_until = null,
        next_attempt_at = null, updated_at = now()
      where id = ${id} and status = 'pending'
      returning id, payment_id, amount
    ), payment as (
      update payments set refunded = refunded + refund.amount, refunding = refunding - refund.amount,
        status = case when refunded + refund.amount = payments.amount then 'refunded' else status end,
        next_attempt_at = case when refunded + refund.amount = payments.amount then null else next_attempt_at end,
        claimed_until = null, updated_at = now()
      from refund where payments.id = refund.payment_id
      returning payments.id, gateway, currency
    )
    insert into ledger (kind, payment_id, refund_id, debit_account, credit_account, amount, currency)
    select 'refund', payment.id, refund.id, 'orders:receivable', gateway || ':balance', refund.amount, currency
    from payment, refund
    returning id`;
  return rows.length === 1;
}

/**
 * Frees what was set aside for a refund that the provider refused, or of which it says that it failed. False when it was
 * settled already.
 */
export async function settleFailed(
  tx: Transaction,
  id: string,
  reference: string | null = null,
): Promise<boolean> {
  const rows = await tx`
    with refund as (
      update refunds set status = 'failed', provider_reference = ${reference}, claimed_until = null,
        next_attempt_at = null, updated_at = now()
      where id = ${id} and status = 'pending'
      returning payment_id, amount
    )
    update payments set refunding = refunding - refund.amount, updated_at = now()
    from refund where payments.id = refund.payment_id
    returning payments.id`;
  return rows.length === 1;
}

/**
 * Books a refund back that had counted as done; a cancellation tries again after so many minutes. False when it does not
 * count as done.
 */
export async function settleReversed(
  tx: Transaction,
  id: string,
  reference: string,
  againAfterMinutes: number,
): Promise<boolean> {
  const rows = await tx`
    with refund as (
      update refunds set status = 'failed', provider_reference = ${reference}, updated_at = now()
      where id = ${id} and status = 'succeeded'
      returning id, payment_id, amount
    ), payment as (
      update payments set refunded = refunded - refund.amount,
        status = case when status = 'refunded' then 'captured' else status end, updated_at = now(),
        next_attempt_at = case when cancel_reason is null then next_attempt_at
          else now() + make_interval(secs => ${againAfterMinutes * 60}) end
      from refund where payments.id = refund.payment_id
      returning payments.id, gateway, currency
    )
    insert into ledger (kind, payment_id, refund_id, debit_account, credit_account, amount, currency)
    select 'refund-reversal', payment.id, refund.id, gateway || ':balance', 'orders:receivable', refund.amount, currency
    from payment, refund
    returning id`;
  return rows.length === 1;
}

export async function lockRefund(tx: Transaction, id: string): Promise<Refund | undefined> {
  const [row] = await tx<Refund[]>`select ${columns(tx)} from refunds where id = ${id} for update`;
  return row;
}

/**
 * A refund that was made at the provider itself and carries no id of ours: by the provider's id where that is known, else
 * the latest of that amount.
 */
export async function lockForeignRefund(
  tx: Transaction,
  paymentId: string,
  reference: string,
  amount: number,
): Promise<Refund | undefined> {
  const [row] = await tx<Refund[]>`
    select ${columns(tx)} from refunds
    where payment_id = ${paymentId} and origin = 'provider' and (provider_reference = ${reference}
      or (provider_reference is null and amount = ${amount} and status = 'succeeded'))
    order by provider_reference nulls last, created_at desc limit 1 for update`;
  return row;
}

/** @param reference the provider's id of it */
export async function isRefundKnown(tx: Transaction, paymentId: string, reference: string): Promise<boolean> {
  const rows = await tx`
    select id from refunds where payment_id = ${paymentId} and provider_reference = ${reference}`;
  return rows.length > 0;
}

/** How many refunds of the payment came to nothing or came back. */
export async function countFailedRefunds(sql: Reader, paymentId: string): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int as count from refunds where payment_id = ${paymentId} and status = 'failed'`;
  return row?.count ?? 0;
}

/** Keeps the first answer to the request that asked for a refund, and gives the one that counts. */
export async function keepAnswer(sql: Sql, id: string, answer: RefundAnswer): Promise<RefundAnswer> {
  const [kept] = await sql<RefundAnswer[]>`
    update refunds set claimed_until = null, answer_status = coalesce(answer_status, ${answer.status}),
      answer_body = coalesce(answer_body, ${answer.body})
    where id = ${id} returning answer_status as status, answer_body as body`;
  return kept ?? answer;
}

/** Forgets keys after 24 hours; the refunds themselves stay. */
export async function forgetOldKeys(sql: Sql): Promise<void> {
  await sql`
    update refunds set idempotency_key = null, answer_status = null, answer_body = null
    where idempotency_key is not null and created_at < now() - interval '24 hours' and status <> 'pending'`;
}
