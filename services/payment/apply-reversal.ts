import { paymentTopic } from "#mesh/events/payment-events";
import { appendEvents } from "#mesh/outbox/append";
import type { Transaction } from "#mesh/postgres/sql";
import { type ChargeNews, isOf, type WebhookResult, within } from "./apply-event.ts";
import { appendAudit } from "./audit-log.ts";
import { isUnsettled, type Payment } from "./payment.ts";
import { tell } from "./payment-event.ts";
import { findById, lockById } from "./payment-store.ts";
import { claimProviderEvent } from "./provider-event-store.ts";
import { bookReversal, dropReversal, joinDispute, keepReversal, type Reversal } from "./reversal-store.ts";
import type { RefundDeps } from "./send-refund.ts";
import { settle } from "./settle-charge.ts";

/**
 * Books what PayPal took back of a capture, once, whoever tells: its own news, the list of transactions, or a dispute that
 * was lost by it.
 */
export async function applyReversal(
  deps: RefundDeps,
  payment: Payment,
  news: ChargeNews,
  reversal: Reversal,
): Promise<WebhookResult> {
  if (!isOf(deps, payment, news)) return "not-ours";
  return await deps.transaction(async (tx) => {
    // Only what was taken can be taken back, so that it proves the charge.
    if (isUnsettled(payment)) {
      await settle(within(deps, tx), payment, { outcome: "captured", reference: news.reference });
    }
    const locked = await lockById(tx, payment.id);
    if (locked === undefined || !(await keepReversal(tx, reversal))) return "nothing-to-do";
    if (await joinDispute(tx, locked, reversal)) return "nothing-to-do";
    if (reversal.amount > locked.amount - locked.refunded - locked.withdrawn) {
      // More than was left cannot be taken: a refund came back, and the news of that is still on its way.
      await dropReversal(tx, reversal);
      return "waits";
    }
    await claimProviderEvent(tx, payment.gateway, news.eventId, news.type);
    await bookReversal(tx, reversal);
    await tellOf(deps, tx, payment.id, reversal);
    return "applied";
  });
}

async function tellOf(
  deps: RefundDeps,
  tx: Transaction,
  paymentId: string,
  { id, amount }: Reversal,
): Promise<void> {
  const after = await findById(tx, paymentId);
  if (after === undefined) return;
  const { event, audit } = tell(deps, after, "ecotrack.payment.disputed.v1", "charge-reversed", {
    disputeStatus: after.dispute ?? "lost",
    withdrawn: { amount: after.withdrawn, currency: after.currency },
  });
  deps.log.warn({ orderId: after.orderId, reversal: id, amount }, "the provider took a payment back");
  await appendEvents(tx, paymentTopic, [event]);
  await appendAudit(tx, audit);
}
