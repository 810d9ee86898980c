import { decimalAmount } from "../../decimal-amount.ts";
import {
  type PaypalHappening,
  type PaypalRecord,
  type PaypalRefundRecord,
  refundedOf,
} from "./paypal-books.ts";
import type { PaypalDisputeRecord } from "./paypal-disputes.ts";

/** How PayPal's API shows what is in the books. @param at where a buyer's browser reaches the sandbox */
export function orderObject(order: PaypalRecord, at: string): Record<string, unknown> {
  const { id, status, customId, captureId, refunds } = order;
  const payments = captureId !== null && {
    payments: {
      captures: [captureObject(order, at)],
      refunds: refunds.map((refund) => refundObject(order, refund, at)),
    },
  };
  return {
    id,
    intent: "CAPTURE",
    status,
    purchase_units: [
      {
        reference_id: "default",
        ...(customId !== null && { custom_id: customId }),
        amount: money(order.amount, order.currency),
        ...payments,
      },
    ],
    ...(status !== "CREATED" && { payer: { payer_id: "SANDBOXPAYER1" } }),
    create_time: new Date(order.createdAt).toISOString(),
    links: [
      { rel: "self", href: `${at}/v2/checkout/orders/${id}`, method: "GET" },
      { rel: "approve", href: `${at}/checkoutnow?token=${id}`, method: "GET" },
    ],
  };
}

export function captureObject(order: PaypalRecord, at: string): Record<string, unknown> {
  const refunded = refundedOf(order);
  const status = refunded === 0 ? "COMPLETED" : refunded === order.amount ? "REFUNDED" : "PARTIALLY_REFUNDED";
  return {
    id: order.captureId,
    status,
    amount: money(order.amount, order.currency),
    final_capture: true,
    ...(order.customId !== null && { custom_id: order.customId }),
    create_time: new Date(order.capturedAt ?? 0).toISOString(),
    supplementary_data: { related_ids: { order_id: order.id } },
    links: [{ rel: "self", href: `${at}/v2/payments/captures/${order.captureId}`, method: "GET" }],
  };
}

export function refundObject(
  order: PaypalRecord,
  refund: PaypalRefundRecord,
  at: string,
): Record<string, unknown> {
  return {
    id: refund.id,
    status: refund.failed ? "FAILED" : "COMPLETED",
    amount: money(refund.amount, order.currency),
    ...(refund.customId !== null && { custom_id: refund.customId }),
    ...(refund.reversal && { note_to_payer: "Payment reversed" }),
    seller_payable_breakdown: { total_refunded_amount: money(refundedOf(order), order.currency) },
    create_time: new Date(refund.at).toISOString(),
    links: [
      { rel: "self", href: `${at}/v2/payments/refunds/${refund.id}`, method: "GET" },
      { rel: "up", href: `${at}/v2/payments/captures/${order.captureId}`, method: "GET" },
    ],
  };
}

export function eventResource(event: PaypalHappening, at: string): Record<string, unknown> {
  switch (event.type) {
    case "CHECKOUT.ORDER.APPROVED":
      return orderObject(event.order, at);
    case "PAYMENT.CAPTURE.COMPLETED":
      return captureObject(event.order, at);
    case "PAYMENT.CAPTURE.REFUNDED":
    case "PAYMENT.CAPTURE.REVERSED":
    case "PAYMENT.REFUND.FAILED":
      return refundObject(event.order, event.refund, at);
    case "CUSTOMER.DISPUTE.CREATED":
    case "CUSTOMER.DISPUTE.RESOLVED":
      return disputeObject(event.order, event.dispute);
  }
}

/** What the list of disputes has of each; whose capture it is, only its details tell. */
export const disputeSummary = (
  { amount, currency }: PaypalRecord,
  { id, openedAt, updatedAt = openedAt, outcome }: PaypalDisputeRecord,
): Record<string, unknown> => ({
  dispute_id: id,
  create_time: new Date(openedAt).toISOString(),
  update_time: new Date(updatedAt).toISOString(),
  reason: "MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
  status: outcome === null ? "WAITING_FOR_SELLER_RESPONSE" : "RESOLVED",
  dispute_state: outcome === null ? "REQUIRED_ACTION" : "RESOLVED",
  dispute_amount: money(amount, currency),
  dispute_life_cycle_stage: "CHARGEBACK",
  dispute_channel: "INTERNAL",
});

export function disputeObject(order: PaypalRecord, dispute: PaypalDisputeRecord): Record<string, unknown> {
  const { outcome } = dispute;
  const isLost = outcome === "RESOLVED_BUYER_FAVOUR";
  const taken = money(order.amount, order.currency);
  return {
    ...disputeSummary(order, dispute),
    disputed_transactions: [{ seller_transaction_id: order.captureId }],
    ...(outcome !== null && {
      dispute_outcome: { outcome_code: outcome, ...(isLost && { amount_refunded: taken }) },
    }),
    ...(isLost && {
      money_movements: [
        { affected_party: "SELLER", amount: taken, type: "DEBIT", reason: "DISPUTE_SETTLEMENT" },
      ],
    }),
  };
}

/** The transactions that PayPal's reports list, one for the capture and one for each refund. */
export function transactionsOf(order: PaypalRecord): (Record<string, unknown> & { at: number })[] {
  if (order.captureId === null || order.capturedAt === null) return [];
  const line = (
    id: string | null,
    code: string,
    amount: number,
    custom: string | null,
    ms: number,
    { sign = "", status = "S" } = {},
  ) => ({
    at: ms,
    transaction_info: {
      transaction_id: id,
      transaction_event_code: code,
      transaction_status: status,
      transaction_initiation_date: new Date(ms).toISOString(),
      transaction_amount: {
        currency_code: order.currency,
        value: `${sign}${decimalAmount({ amount, currency: order.currency })}`,
      },
      ...(custom !== null && { custom_field: custom }),
      ...(code !== "T0006" && { paypal_reference_id: order.captureId, paypal_reference_id_type: "TXN" }),
    },
  });
  return [
    line(order.captureId, "T0006", order.amount, order.customId, order.capturedAt),
    ...order.refunds.map((each) =>
      line(each.id, each.reversal ? "T1106" : "T1107", each.amount, each.customId, each.at, {
        sign: "-",
        status: each.failed ? "D" : "S",
      }),
    ),
  ];
}

const money = (amount: number, currency: string) => ({
  currency_code: currency,
  value: decimalAmount({ amount, currency }),
});
