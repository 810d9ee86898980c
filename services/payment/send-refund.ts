import { crashPoint } from "#mesh/crash-point";
import { paymentEvent, paymentTopic } from "#mesh/events/payment-events";
import { appendEvents } from "#mesh/outbox/append";
import type { Sql, Transact, Transaction } from "#mesh/postgres/sql";
import { appendAudit } from "./audit-log.ts";
import { type ChargeDeps, tokenOf } from "./charge-payment.ts";
import { nextAttemptAfterMs, type Payment } from "./payment.ts";
import { gatewayNamed } from "./payment-gateway.ts";
import { findById, lockById } from "./payment-store.ts";
import type { Refund, RefundStatus } from "./refund.ts";
import { refundEnded } from "./refund-audit.ts";
import { findRefundById, releaseRefund, settleFailed, settleSucceeded } from "./refund-store.ts";

export interface RefundDeps extends ChargeDeps {
  readonly sql: Sql;
  readonly transaction: Transact;
}

/** Asks the provider for a refund that the caller holds, and books what it says. `pending` means: not known yet. */
export async function sendRefund(deps: RefundDeps, refund: Refund): Promise<RefundStatus> {
  const { sql, transaction, gateways, metrics, log, now } = deps;
  const payment = await findById(sql, refund.paymentId);
  if (payment?.reference == null) throw new Error(`Refund ${refund.id} is of a payment without a charge`);
  const provider = gatewayNamed(gateways, payment.gateway);
  const asked = {
    refundId: refund.id,
    reference: payment.reference,
    token: tokenOf(deps, payment),
    amount: { amount: refund.amount, currency: payment.currency },
  };
  const keyIsOld = now().getTime() - refund.createdAt.getTime() > provider.keyTrustedForMs;
  crashPoint("provider-refund:before");
  const outcome = await (keyIsOld ? provider.findRefund(asked) : provider.refund(asked));
  crashPoint("provider-refund:after");
  const { gateway, orderId } = payment;
  if (outcome.outcome === "unknown") {
    log.warn({ orderId, refundId: refund.id, reason: outcome.reason }, "outcome of a refund is unknown");
    await releaseRefund(sql, refund.id, nextAttemptAfterMs(refund.attempts));
    return "pending";
  }
  if (outcome.outcome === "refused") {
    log.error({ orderId, refundId: refund.id, code: outcome.code }, "the provider refuses a refund");
    metrics.total.inc({ gateway, outcome: "refund-failed" });
    const audit = refundEnded(now(), "refund-refused", payment, refund, { code: outcome.code });
    await transaction(async (tx) => {
      if (await settleFailed(tx, refund.id)) await appendAudit(tx, audit);
    });
    return "failed";
  }
  if (!(await transaction(async (tx) => bookRefund(deps, tx, refund, payment.id, outcome.reference)))) {
    // Somebody else was first: the reconciliation, or the news that it failed.
    return (await findRefundById(sql, refund.id))?.status ?? "pending";
  }
  metrics.total.inc({ gateway, outcome: "refunded" });
  return "succeeded";
}

/** Books a refund that happened, with its event; false, and nothing done, for one that is settled. */
export async function bookRefund(
  { newId, now }: Pick<ChargeDeps, "newId" | "now">,
  tx: Transaction,
  refund: Pick<Refund, "id" | "amount">,
  paymentId: string,
  reference: string | null,
): Promise<boolean> {
  const locked = await lockById(tx, paymentId);
  if (locked === undefined || !(await settleSucceeded(tx, refund.id, reference))) return false;
  const payment = (await findById(tx, paymentId)) ?? locked;
  await appendAudit(tx, refundEnded(now(), "refund-settled", payment, refund, { reference }));
  await appendEvents(tx, paymentTopic, [refundedEvent(newId(), now(), payment)]);
  return true;
}

const refundedEvent = (id: string, time: Date, { id: paymentId, orderId, userId, ...rest }: Payment) =>
  paymentEvent("ecotrack.payment.refunded.v1", {
    id,
    subject: paymentId,
    time,
    data: {
      paymentId,
      orderId,
      userId: userId ?? "",
      amount: { amount: rest.amount, currency: rest.currency },
      refunded: { amount: rest.refunded, currency: rest.currency },
    },
  });
