import { paymentEvent, paymentTopic } from "#mesh/events/payment-events";
import { appendEvents } from "#mesh/outbox/append";
import type { Transaction } from "#mesh/postgres/sql";
import { type ChargeNews, isOf, type WebhookResult, within } from "./apply-event.ts";
import { appendAudit } from "./audit-log.ts";
import { isUnsettled, type Payment } from "./payment.ts";
import { findById, lockById } from "./payment-store.ts";
import { claimProviderEvent } from "./provider-event-store.ts";
import type { Refund } from "./refund.ts";
import { refundEnded } from "./refund-audit.ts";
import {
  insertFailedRefund,
  lockForeignRefund,
  lockRefund,
  settleFailed,
  settleReversed,
} from "./refund-store.ts";
import type { RefundDeps } from "./send-refund.ts";
import { settle } from "./settle-charge.ts";

/** A refund that did not reach the buyer. `refundId` is ours, null for one that was made at the provider itself. */
export interface RefundFailure {
  readonly refundId: string | null;
  /** The provider's id of it. */
  readonly reference: string;
  readonly amount: number;
  readonly code: string;
}

/**
 * Books a refund back that the bank could not pay out: the money is with us again. A cancellation then sends it anew. One
 * whose outcome was still open counts as refused. One that was made at the provider and is not known here yet is recorded as
 * failed, so that older news of it books nothing any more.
 */
export async function applyRefundFailure(
  deps: RefundDeps,
  payment: Payment,
  news: ChargeNews,
  failure: RefundFailure,
): Promise<WebhookResult> {
  if (!isOf(deps, payment, news)) return "not-ours";
  return await deps.transaction(async (tx) => {
    // A refund proves the charge, even when the news of the charge is still on its way.
    if (isUnsettled(payment)) {
      await settle(within(deps, tx), payment, { outcome: "captured", reference: news.reference });
    }
    const locked = await lockById(tx, payment.id);
    if (locked === undefined) return "nothing-to-do";
    const { refundId, reference, amount } = failure;
    const refund =
      refundId === null
        ? await lockForeignRefund(tx, payment.id, reference, amount)
        : await lockRefund(tx, refundId);
    if (refund === undefined && refundId === null)
      return await recordUnknown(deps, tx, locked, news, failure);
    if (refund?.paymentId !== payment.id) return "nothing-to-do";
    if (refund.status !== "succeeded" && refund.status !== "pending") return "nothing-to-do";
    if (!(await claimProviderEvent(tx, payment.gateway, news.eventId, news.type))) return "nothing-to-do";
    await bookBack(deps, tx, locked, refund, failure);
    return "applied";
  });
}

async function bookBack(
  deps: RefundDeps,
  tx: Transaction,
  locked: Payment,
  refund: Refund,
  { reference, code }: RefundFailure,
): Promise<void> {
  deps.log.error({ orderId: locked.orderId, refundId: refund.id, code }, "a refund came back");
  if (refund.status === "pending") {
    await settleFailed(tx, refund.id, reference);
    await appendAudit(tx, refundEnded(deps.now(), "refund-refused", locked, refund, { code }));
    return;
  }
  await settleReversed(tx, refund.id, reference, deps.policy.refundAgainMinutes);
  await tellReversed(deps, tx, { payment: (await findById(tx, locked.id)) ?? locked, refund, code });
}

/** One that was made at the provider, and of whose making we have not heard. */
async function recordUnknown(
  { newId, now }: RefundDeps,
  tx: Transaction,
  payment: Payment,
  { eventId, type }: ChargeNews,
  { reference, amount, code }: RefundFailure,
): Promise<WebhookResult> {
  if (!(await claimProviderEvent(tx, payment.gateway, eventId, type))) return "nothing-to-do";
  const reason = "refunded at the provider";
  const refund = { id: newId(), paymentId: payment.id, amount, reason, origin: "provider" } as const;
  await insertFailedRefund(tx, { ...refund, createdAt: now() }, reference);
  await appendAudit(tx, refundEnded(now(), "refund-refused", payment, refund, { code }));
  return "applied";
}

async function tellReversed(
  { newId, now, metrics }: RefundDeps,
  tx: Transaction,
  { payment, refund, code }: { payment: Payment; refund: Refund; code: string },
): Promise<void> {
  const { id: paymentId, orderId, userId, amount, currency, refunded, gateway } = payment;
  metrics.total.inc({ gateway, outcome: "refund-failed" });
  await appendAudit(tx, refundEnded(now(), "refund-reversed", payment, refund, { code }));
  const event = paymentEvent("ecotrack.payment.refund-reversed.v1", {
    id: newId(),
    subject: paymentId,
    time: now(),
    data: {
      paymentId,
      orderId,
      userId: userId ?? "",
      amount: { amount, currency },
      refunded: { amount: refunded, currency },
    },
  });
  await appendEvents(tx, paymentTopic, [event]);
}
