import type { Sql, Transaction } from "#mesh/postgres/sql";
import type { Dispute } from "./dispute-store.ts";
import type { Payment } from "./payment.ts";
import type { GatewayName } from "./payment-gateway.ts";

/** Money that PayPal took back of a capture. */
export interface Reversal {
  readonly gateway: GatewayName;
  /** The provider's. */
  readonly id: string;
  readonly paymentId: string;
  readonly amount: number;
  readonly currency: string;
  readonly happenedAt: Date;
}

/** Keeps a reversal; false for one that is known. */
export async function keepReversal(tx: Transaction, reversal: Reversal): Promise<boolean> {
  const { gateway, id, paymentId, amount, currency, happenedAt } = reversal;
  const rows = await tx`
    insert into reversals (gateway, id, payment_id, amount, currency, happened_at)
    values (${gateway}, ${id}, ${paymentId}, ${amount}, ${currency}, ${happenedAt})
    on conflict (gateway, id) do nothing returning id`;
  return rows.length === 1;
}

/** Two that are not of the same amount are the same money when both together would be more than the payment still has. */
const isSame = (tx: Transaction, amount: number, { amount: paid, refunded, withdrawn }: Payment) =>
  tx`(amount = ${amount} or ${amount}::bigint > ${paid - refunded - withdrawn}::bigint)`;

/**
 * Joins a reversal with the dispute of the payment whose loss is booked already; false when there is none. Both stand for
 * the same money.
 * @param payment locked
 */
export async function joinDispute(tx: Transaction, payment: Payment, reversal: Reversal): Promise<boolean> {
  const rows = await tx`
    update reversals set dispute_id = (
      select id from disputes d
      where gateway = ${reversal.gateway} and payment_id = ${payment.id} and ${isSame(tx, reversal.amount, payment)}
        and exists (select from ledger l where l.kind = 'dispute-withdrawal' and l.dispute_id = d.gateway || ':' || d.id)
        and not exists (select from reversals r where r.gateway = d.gateway and r.dispute_id = d.id)
      order by amount = ${reversal.amount} desc, opened_at limit 1
    )
    where gateway = ${reversal.gateway} and id = ${reversal.id}
    returning dispute_id as "disputeId"`;
  return (rows[0] as { disputeId: string | null } | undefined)?.disputeId != null;
}

/**
 * Whether what was lost by a dispute is booked as a reversal; one that nobody knows the dispute of is that from now on.
 * @param payment locked
 */
export async function joinReversal(tx: Transaction, payment: Payment, dispute: Dispute): Promise<boolean> {
  const { gateway, id, amount } = dispute;
  const [known] = await tx`select id from reversals where gateway = ${gateway} and dispute_id = ${id}`;
  if (known !== undefined) return true;
  const [booked] = await tx`
    select id from ledger where kind = 'dispute-withdrawal' and dispute_id = ${`${gateway}:${id}`}`;
  if (booked !== undefined) return false;
  const rows = await tx`
    update reversals set dispute_id = ${id}
    where (gateway, id) in (
      select gateway, id from reversals
      where gateway = ${gateway} and payment_id = ${payment.id} and dispute_id is null and ${isSame(tx, amount, payment)}
      order by amount = ${amount} desc, happened_at limit 1
    )
    returning id`;
  return rows.length === 1;
}

/** Books it: the money left our balance, and the payment shows that as it shows a dispute that was lost. */
export async function bookReversal(tx: Transaction, reversal: Reversal): Promise<void> {
  const { gateway, id, paymentId, amount, currency } = reversal;
  await tx`
    with movement as (
      insert into ledger (kind, payment_id, reversal_id, debit_account, credit_account, amount, currency)
      values ('reversal', ${paymentId}, ${`${gateway}:${id}`}, 'orders:disputed', ${`${gateway}:balance`}, ${amount}, ${currency})
    )
    update payments set withdrawn = withdrawn + ${amount}, updated_at = now(),
      dispute = case when dispute = 'open' then dispute else 'lost' end,
      next_attempt_at = case when cancel_reason is not null and status = 'captured' then now() else next_attempt_at end
    where id = ${paymentId}`;
}

/** All that was ever taken from a payment, whether or not it came back; minor units. */
export async function takenFrom(tx: Transaction, paymentId: string): Promise<number> {
  const [row] = await tx<{ sum: number }[]>`
    select coalesce(sum(amount), 0)::bigint as sum from ledger
    where payment_id = ${paymentId} and kind in ('dispute-withdrawal', 'reversal')`;
  return row?.sum ?? 0;
}

/** What came back of that; minor units. */
export async function returnedTo(sql: Sql, paymentId: string): Promise<number> {
  const [row] = await sql<{ sum: number }[]>`
    select coalesce(sum(amount), 0)::bigint as sum from ledger
    where payment_id = ${paymentId} and kind = 'dispute-reinstatement'`;
  return row?.sum ?? 0;
}

/** Forgets one that cannot be booked yet. */
export async function dropReversal(tx: Transaction, { gateway, id }: Reversal): Promise<void> {
  await tx`delete from reversals where gateway = ${gateway} and id = ${id}`;
}
