import type { Sql } from "#mesh/postgres/sql";

/** What a payment took, gave back and lost, and what the ledger says of that; minor units. */
export interface PaymentBooks {
  readonly id: string;
  readonly orderId: string;
  readonly captured: number;
  readonly refunded: number;
  /** What the bank or PayPal took, for a dispute say, and has not given back. */
  readonly withdrawn: number;
  readonly booked: number;
  /** What of `refunded` went back because the order was cancelled. */
  readonly undone: number;
  readonly currency: string;
}

/** The books of these orders. One that was never asked to pay has none; the fees of disputes are not in them. */
export async function findBooks(sql: Sql, orderIds: readonly string[]): Promise<PaymentBooks[]> {
  const rows = await sql<PaymentBooks[]>`
    select p.id, p.order_id as "orderId", p.currency, p.refunded, p.withdrawn,
      case when p.status in ('captured', 'refunded') then p.amount else 0 end as captured,
      (
        coalesce((select l.amount from ledger l where l.payment_id = p.id and l.kind = 'capture'), 0)
        - coalesce((
            select sum(case l.kind when 'refund' then l.amount else -l.amount end)
            from refunds r join ledger l on l.refund_id = r.id where r.payment_id = p.id
          ), 0)
        - coalesce((
            select sum(case l.kind when 'dispute-reinstatement' then -l.amount else l.amount end) from ledger l
            where l.payment_id = p.id and l.kind in ('dispute-withdrawal', 'dispute-reinstatement', 'reversal')
          ), 0)
      )::bigint as booked,
      coalesce((
        select sum(r.amount) from refunds r
        where r.payment_id = p.id and r.origin = 'cancellation' and r.status = 'succeeded'
      ), 0)::bigint as undone
    from payments p where p.order_id = any (${[...orderIds]}::uuid[]) and p.user_id is not null`;
  return [...rows];
}
