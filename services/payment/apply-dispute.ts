import { paymentTopic } from "#mesh/events/payment-events";
import type { Money } from "#mesh/money";
import { appendEvents } from "#mesh/outbox/append";
import { type ChargeNews, isOf, type WebhookResult, within } from "./apply-event.ts";
import { appendAudit } from "./audit-log.ts";
import { bookDispute, bookDisputeFee, type Dispute, saveDispute } from "./dispute-store.ts";
import { isUnsettled, type Payment } from "./payment.ts";
import { tell } from "./payment-event.ts";
import { findById, lockById } from "./payment-store.ts";
import { claimProviderEvent } from "./provider-event-store.ts";
import { joinReversal } from "./reversal-store.ts";
import type { RefundDeps } from "./send-refund.ts";
import { settle } from "./settle-charge.ts";

/** What an event says of a dispute, and of the money that the bank moved for it. */
export interface DisputeNews
  extends Pick<Dispute, "id" | "amount" | "currency" | "reason" | "status" | "openedAt"> {
  readonly withdrawn: boolean;
  readonly reinstated: boolean;
  /** What the provider takes for its trouble, in the currency of our account there; and gives back, where it does. */
  readonly fee?: Money | undefined;
  readonly feeReturned?: Money | undefined;
}

/**
 * Applies what an event says of a dispute: the payment shows it, and the ledger has what the bank took and gave back,
 * each once, in whatever order the events come.
 */
export async function applyDispute(
  deps: RefundDeps,
  payment: Payment,
  news: ChargeNews,
  { withdrawn, reinstated, fee, feeReturned, ...about }: DisputeNews,
): Promise<WebhookResult> {
  if (!isOf(deps, payment, news)) return "not-ours";
  return await deps.transaction(async (tx) => {
    if (!(await claimProviderEvent(tx, payment.gateway, news.eventId, news.type))) return "nothing-to-do";
    // Only what was paid can be disputed, so that a dispute proves the charge.
    if (isUnsettled(payment)) {
      await settle(within(deps, tx), payment, { outcome: "captured", reference: news.reference });
    }
    const locked = await lockById(tx, payment.id);
    if (locked === undefined) return "nothing-to-do";
    const dispute = { ...about, gateway: payment.gateway, paymentId: payment.id };
    const { status, changed } = await saveDispute(tx, dispute);
    const isTaken = withdrawn && !(await joinReversal(tx, locked, dispute));
    const took = isTaken && (await bookDispute(tx, "dispute-withdrawal", dispute));
    const gave = reinstated && (await bookDispute(tx, "dispute-reinstatement", dispute));
    if (fee) await bookDisputeFee(tx, "dispute-fee", dispute, fee);
    if (feeReturned) await bookDisputeFee(tx, "dispute-fee-return", dispute, feeReturned);
    const after = await findById(tx, payment.id);
    if (after === undefined || !(changed || took || gave)) return "nothing-to-do";
    const { event, audit } = tell(deps, after, "ecotrack.payment.disputed.v1", "dispute-changed", {
      disputeStatus: status,
      withdrawn: { amount: after.withdrawn, currency: after.currency },
    });
    await appendEvents(tx, paymentTopic, [event]);
    await appendAudit(tx, audit);
    return "applied";
  });
}
