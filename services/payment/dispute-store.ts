import type { Money } from "#mesh/money";
import type { Sql, Transaction } from "#mesh/postgres/sql";
import type { DisputeStatus } from "./payment.ts";
import type { GatewayName } from "./payment-gateway.ts";

export interface Dispute {
  readonly gateway: GatewayName;
  /** The provider's. */
  readonly id: string;
  readonly paymentId: string;
  readonly amount: number;
  readonly currency: string;
  readonly reason: string;
  readonly status: DisputeStatus;
  readonly openedAt: Date;
}

/** Keeps what is known of a dispute; one that was won or lost stays so. @returns its status now, and whether that is new */
export async function saveDispute(
  tx: Transaction,
  dispute: Dispute,
): Promise<{ status: DisputeStatus; changed: boolean }> {
  const { gateway, id } = dispute;
  const [before] = await tx<{ status: DisputeStatus }[]>`
    select status from disputes where gateway = ${gateway} and id = ${id} for update`;
  if (before !== undefined && before.status !== "open") return { status: before.status, changed: false };
  await tx`
    insert into disputes (gateway, id, payment_id, amount, currency, reason, status, opened_at)
    values (${gateway}, ${id}, ${dispute.paymentId}, ${dispute.amount}, ${dispute.currency}, ${dispute.reason},
      ${dispute.status}, ${dispute.openedAt})
    on conflict (gateway, id) do update set status = excluded.status, updated_at = now()`;
  await tx`
    update payments set dispute = ${dispute.status}, updated_at = now(),
      next_attempt_at = case when cancel_reason is not null and status = 'captured' then now() else next_attempt_at end
    where id = ${dispute.paymentId}`;
  return { status: dispute.status, changed: before?.status !== dispute.status };
}

/** Disputes that are not decided here, the longest open first; of one payment where that is given. */
export async function openDisputes(
  sql: Sql,
  gateway: GatewayName,
  limit: number,
  paymentId: string | null = null,
): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select id from disputes where gateway = ${gateway} and status = 'open'
      and (${paymentId}::uuid is null or payment_id = ${paymentId})
    order by opened_at limit ${limit}`;
  return rows.map(({ id }) => id);
}

/** Books that the bank took a disputed amount, or gave it back; false when that is booked already. */
export async function bookDispute(
  tx: Transaction,
  kind: "dispute-withdrawal" | "dispute-reinstatement",
  { gateway, id, paymentId, amount, currency }: Dispute,
): Promise<boolean> {
  const balance = `${gateway}:balance`;
  const [from, to] =
    kind === "dispute-withdrawal" ? [balance, "orders:disputed"] : ["orders:disputed", balance];
  const signed = kind === "dispute-withdrawal" ? amount : -amount;
  const rows = await tx`
    with movement as (
      insert into ledger (kind, payment_id, dispute_id, debit_account, credit_account, amount, currency)
      values (${kind}, ${paymentId}, ${`${gateway}:${id}`}, ${to}, ${from}, ${amount}, ${currency})
      on conflict do nothing
      returning id
    )
    update payments set withdrawn = withdrawn + ${signed}, updated_at = now()
    where id = ${paymentId} and exists (select from movement)
    returning id`;
  return rows.length === 1;
}

/** Books what the provider takes for a dispute, or gives back of that; a second time does nothing. */
export async function bookDisputeFee(
  tx: Transaction,
  kind: "dispute-fee" | "dispute-fee-return",
  { gateway, id, paymentId }: Dispute,
  { amount, currency }: Money,
): Promise<void> {
  const accounts = ["shop:dispute-fees", `${gateway}:balance`] as const;
  const [to, from] = kind === "dispute-fee" ? accounts : accounts.toReversed();
  await tx`
    insert into ledger (kind, payment_id, dispute_id, debit_account, credit_account, amount, currency)
    values (${kind}, ${paymentId}, ${`${gateway}:${id}`}, ${to ?? ""}, ${from ?? ""}, ${amount}, ${currency})
    on conflict do nothing`;
}
