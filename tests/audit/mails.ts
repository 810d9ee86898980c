import { type AuditedOrder, isSold, type Stores } from "./audited-order.ts";
import type { Findings } from "./findings.ts";

/** By `X-EcoTrack-Key`, the different Message-IDs that were handed to the mail server. */
export type HandedMails = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Every confirmed order has exactly one confirmation: one row that is sent, and one message by its key. The same message
 * handed over twice, with its Message-ID, is one: SMTP has no transaction with a database.
 */
export async function auditMails(
  { notification }: Stores,
  orders: readonly AuditedOrder[],
  mails: HandedMails | undefined,
  { expect }: Findings,
): Promise<void> {
  const rows = await notification<{ orderId: string; sent: number; made: number }[]>`
    select order_id as "orderId", count(*) filter (where status = 'sent') as sent, count(*) as made
    from notifications where type = 'order-confirmed' group by order_id`;
  const noted = new Map(rows.map((row) => [row.orderId, row]));
  const sold = new Set(orders.filter(isSold).map(({ id }) => id));
  for (const id of sold) {
    const { sent = 0, made = 0 } = noted.get(id) ?? {};
    expect(sent === 1 && made === 1, () => `order ${id} has ${sent} confirmations sent of ${made}`);
  }
  if (!mails) return;
  for (const { id } of orders) {
    const handed = mails.get(`order-confirmed:${id}`)?.size ?? 0;
    const wanted = noted.has(id) || sold.has(id) ? 1 : 0;
    expect(
      handed === wanted,
      () => `order ${id}: ${handed} confirmations were handed to the mail server, not ${wanted}`,
    );
  }
}
