import type { GatewayName } from "./payment-gateway.ts";

/**
 * Types of events of which nothing is booked, because what they tell comes with another event, moves no money, or is of
 * something that this shop does not use; the README has the reason for each. Every other type is reported.
 */
export const unusedNews: Readonly<Record<GatewayName, ReadonlySet<string>>> = {
  stripe: new Set([
    "payment_intent.created",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "charge.succeeded",
    "charge.failed",
    "charge.captured",
    "charge.pending",
    "charge.expired",
    "charge.updated",
    "refund.created",
    "radar.early_fraud_warning.created",
    "radar.early_fraud_warning.updated",
    "review.opened",
    "review.closed",
    "balance.available",
    "payout.created",
    "payout.updated",
    "payout.paid",
    "payout.failed",
    "payout.canceled",
    "payout.reconciliation_completed",
  ]),
  paypal: new Set([
    "CHECKOUT.ORDER.COMPLETED",
    "CHECKOUT.ORDER.PROCESSED",
    "CHECKOUT.PAYMENT-APPROVAL.REVERSED",
    "PAYMENT.CAPTURE.PENDING",
    "PAYMENT.REFUND.PENDING",
    "RISK.DISPUTE.CREATED",
  ]),
};
