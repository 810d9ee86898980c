import { paymentEvent, paymentTopic } from "#mesh/events/payment-events";
import { appendEvents } from "#mesh/outbox/append";
import type { Transaction } from "#mesh/postgres/sql";
import { type ChargeNews, isOf, type WebhookResult } from "./apply-event.ts";
import { appendAudit } from "./audit-log.ts";
import type { Payment } from "./payment.ts";
import { findById, lockById } from "./payment-store.ts";
import { claimProviderEvent } from "./provider-event-store.ts";
import type { Refund } from "./refund.ts";
import { refundEnded } from "./refund-audit.ts";
import { lockForeignRefund, lockRefund, settleFailed, settleReversed } from "./refund-store.ts";
import type { RefundDeps } from "./send-refund.ts";

/** A refund that did not reach the buyer. `refundId` is ours, null for one that was made at the provider itself. */
export interface RefundFailure {
  readonly refundId: string | null;
  readonly amount: number;
  readonly code: string;
}

/**
 * Books a refund back that the bank could not pay out: the money is with us again. A cancellation then sends it anew. One
 * whose outcome was still open counts as refused.
 */
export async function applyRefundFailure(
  deps: RefundDeps,
  payment: Payment | undefined,
  news: ChargeNews,
  failure: RefundFailure,
): Promise<WebhookResult> {
  if (payment === undefined || !isOf(deps, payment, news)) return "not-ours";
  return await deps.transaction(async (tx) => {
    const locked = await lockById(tx, payment.id);
    const refund = await failedRefund(tx, payment.id, failure);
    if (locked === undefined || refund === undefined) return "nothing-to-do";
    if (!(await claimProviderEvent(tx, payment.gateway, news.eventId, news.type))) return "nothing-to-do";
    const { orderId } = payment;
    deps.log.error({ orderId, refundId: refund.id, code: failure.code }, "a refund came back");
    if (refund.status === "pending") {
      await settleFailed(tx, refund.id);
      await appendAudit(
        tx,
        refundEnded(deps.now(), "refund-refused", payment, refund, { code: failure.code }),
      );
      return "applied";
    }
    await settleReversed(tx, refund.id);
    await tellReversed(deps, tx, {
      payment: (await findById(tx, payment.id)) ?? locked,
      refund,
      code: failure.code,
    });
    return "applied";
  });
}

/** The refund that failed, locked; undefined when it is unknown or was settled as failed before. */
async function failedRefund(
  tx: Transaction,
  paymentId: string,
  { refundId, amount }: RefundFailure,
): Promise<Refund | undefined> {
  const found =
    refundId === null ? await lockForeignRefund(tx, paymentId, amount) : await lockRefund(tx, refundId);
  if (found?.paymentId !== paymentId) return undefined;
  return found.status === "succeeded" || found.status === "pending" ? found : undefined;
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
