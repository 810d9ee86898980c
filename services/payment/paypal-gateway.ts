import { decimalAmount, minorUnits } from "./decimal-amount.ts";
import type {
  ChargeOutcome,
  ChargeTotals,
  KnownCharge,
  PaymentGateway,
  RefundOrder,
  RefundOutcome,
  VoidOutcome,
} from "./payment-gateway.ts";
import { checked, createPaypalClient, type PaypalClient, PaypalUnknown } from "./paypal-client.ts";
import { paypalDisputeNow, paypalDisputes } from "./paypal-disputes.ts";
import { paypalMovements } from "./paypal-movements.ts";
import {
  approvalUrl,
  captureOf,
  captureSchema,
  orderSchema,
  type PaypalCapture,
  type PaypalOrder,
  type PaypalRefund,
  refundSchema,
  refundsOf,
} from "./paypal-order.ts";

export interface PaypalOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly apiUrl: string;
  readonly timeoutMs?: number | undefined;
}

/** PayPal keeps the keys of orders for six hours, those of refunds longer. */
const keyTrustedForMs = 5 * 60 * 60 * 1000;

/**
 * PayPal, Orders v2. The token is the PayPal order that the buyer approved. An order of PayPal's is captured at most
 * once whatever the key, so to charge and to find out is the same: look at it, and capture it when it is approved.
 * PayPal holds no money here: what a setting delays for cards is taken at once.
 */
export function openPaypal({ timeoutMs = 3_000, ...options }: PaypalOptions): PaymentGateway {
  const client = createPaypalClient({ ...options, timeoutMs });
  const charge = (order: KnownCharge) => known(() => chargeOrder(client, order));
  return {
    name: "paypal",
    keyTrustedForMs,
    charge: (order) => charge({ ...order, reference: null }),
    find: charge,
    capture: charge,
    void: (order) => voidOrder(client, order),
    refund: (refund) => known(() => refundCapture(client, refund)),
    findRefund: (refund) => known(() => findRefund(client, refund)),
    orderOf: async (reference) => {
      const capture = await captureNamed(client, reference);
      return capture && (capture.custom_id ?? null);
    },
    totals: (order) => totals(client, order),
    disputeNow: (id) => paypalDisputeNow(client, id),
    disputes: (from, to) => paypalDisputes(client, from, to),
    movements: (from, to) => paypalMovements(client, from, to),
  };
}

async function known<T>(work: () => Promise<T>): Promise<T | { outcome: "unknown"; reason: string }> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PaypalUnknown)) throw error;
    return { outcome: "unknown", reason: error.message };
  }
}

async function chargeOrder(client: PaypalClient, charge: KnownCharge): Promise<ChargeOutcome> {
  if (decimalAmount(charge.amount) === undefined) {
    return declined(null, "currency_not_taken", "PayPal cannot take this amount in its currency");
  }
  const order = await orderNamed(client, charge.token);
  if (order === undefined) return declined(null, "approval_unknown", "PayPal knows no such order");
  const refusal = refuseOrder(order, charge);
  if (refusal !== undefined) return refusal;
  switch (order.status) {
    case "COMPLETED":
      return completed(order, charge);
    case "APPROVED":
      return await captureApproved(client, order, charge);
    case "CREATED":
    case "SAVED":
    case "PAYER_ACTION_REQUIRED": {
      const url = approvalUrl(order);
      if (url !== undefined) return { outcome: "requires-action", reference: order.id, url };
      return declined(order.id, "approval_missing", "The buyer has not approved this PayPal order");
    }
    case "VOIDED":
      return declined(order.id, "approval_voided", "This PayPal order was voided");
    default:
      return { outcome: "unknown", reason: `order-${order.status}` };
  }
}

/** What was approved has to be what is owed: to the cent, in its currency, to be taken at once. */
function refuseOrder(order: PaypalOrder, { amount }: KnownCharge): ChargeOutcome | undefined {
  const [unit] = order.purchase_units;
  const approved = unit?.amount;
  const differs =
    order.purchase_units.length !== 1 ||
    order.intent !== "CAPTURE" ||
    approved?.currency_code !== amount.currency ||
    minorUnits(approved.value, amount.currency) !== amount.amount;
  if (!differs) return undefined;
  return declined(order.id, "approval_differs", "The PayPal order is not for what is owed");
}

async function captureApproved(
  client: PaypalClient,
  order: PaypalOrder,
  charge: KnownCharge,
): Promise<ChargeOutcome> {
  const { orderId } = charge;
  const path = `/v2/checkout/orders/${encodeURIComponent(order.id)}`;
  if (order.purchase_units[0]?.custom_id !== orderId) {
    // Carried by the capture, its webhooks and the list of transactions: by it they are known to be ours.
    const unit = order.purchase_units[0]?.reference_id ?? "default";
    const op = order.purchase_units[0]?.custom_id === undefined ? "add" : "replace";
    const change = [{ op, path: `/purchase_units/@reference_id=='${unit}'/custom_id`, value: orderId }];
    const named = await client.call("PATCH", path, { body: change });
    if (named.status !== 204) return { outcome: "unknown", reason: named.issue ?? `status-${named.status}` };
  }
  const taken = await client.call("POST", `${path}/capture`, { body: {}, key: `charge-${orderId}` });
  const result = checked(orderSchema, taken.body);
  if (taken.status < 300 && result !== undefined) return completed(result, charge);
  if (taken.issue === "ORDER_ALREADY_CAPTURED") {
    const now = await orderNamed(client, order.id);
    return now === undefined ? { outcome: "unknown", reason: "order-gone" } : completed(now, charge);
  }
  if (taken.status === 422 && taken.issue !== undefined) {
    return declined(order.id, taken.issue.toLowerCase(), "PayPal did not take this payment");
  }
  return { outcome: "unknown", reason: taken.issue ?? `status-${taken.status}` };
}

/** A capture counts when it is ours, whole and final; `PENDING` is money that PayPal looks into first. */
function completed(order: PaypalOrder, { orderId, amount }: KnownCharge): ChargeOutcome {
  const capture = captureOf(order);
  if (capture === undefined) return { outcome: "unknown", reason: "capture-missing" };
  const { id, status, custom_id: ofOrder = order.purchase_units[0]?.custom_id } = capture;
  if (ofOrder !== orderId) {
    return declined(order.id, "approval_used", "This PayPal order was used to pay for another order");
  }
  if (amountOf(capture) !== amount.amount || capture.amount.currency_code !== amount.currency) {
    return { outcome: "unknown", reason: "capture-differs" };
  }
  switch (status) {
    case "COMPLETED":
    case "PARTIALLY_REFUNDED":
    case "REFUNDED": {
      const payer = order.payer?.payer_id;
      return { outcome: "captured", reference: id, ...(payer !== undefined && { payer }) };
    }
    case "DECLINED":
    case "FAILED":
      return declined(id, "capture_declined", "PayPal did not take this payment");
    default:
      return { outcome: "unknown", reason: `capture-${status}` };
  }
}

/** An order that was never captured needs no ending: only we could, and PayPal forgets it after some hours. */
async function voidOrder(client: PaypalClient, { token }: KnownCharge): Promise<VoidOutcome> {
  try {
    const order = await orderNamed(client, token);
    return order?.status === "COMPLETED" ? "captured" : "voided";
  } catch (error) {
    if (!(error instanceof PaypalUnknown)) throw error;
    return "unknown";
  }
}

async function refundCapture(
  client: PaypalClient,
  { refundId, reference, amount }: RefundOrder,
): Promise<RefundOutcome> {
  const value = decimalAmount(amount);
  if (value === undefined) return { outcome: "refused", code: "currency_not_taken" };
  const path = `/v2/payments/captures/${encodeURIComponent(reference)}/refund`;
  const made = await client.call("POST", path, {
    body: { amount: { value, currency_code: amount.currency }, custom_id: refundId },
    key: `refund-${refundId}`,
  });
  const refund = checked(refundSchema, made.body);
  if (made.status < 300 && refund !== undefined) return refundOutcome(refund);
  const isFinal = [400, 404, 422].includes(made.status) && made.issue !== undefined;
  if (isFinal) return { outcome: "refused", code: made.issue?.toLowerCase() ?? "" };
  return { outcome: "unknown", reason: made.issue ?? `status-${made.status}` };
}

async function findRefund(client: PaypalClient, { refundId, token }: RefundOrder): Promise<RefundOutcome> {
  const order = await orderNamed(client, token);
  if (order === undefined) return { outcome: "unknown", reason: "order-gone" };
  const made = refundsOf(order).find(({ custom_id }) => custom_id === refundId);
  return made === undefined ? { outcome: "refused", code: "never_refunded" } : refundOutcome(made);
}

function refundOutcome({ id, status }: PaypalRefund): RefundOutcome {
  if (status === "COMPLETED" || status === "PENDING") return { outcome: "succeeded", reference: id };
  if (status === "FAILED" || status === "CANCELLED") {
    return { outcome: "refused", code: status.toLowerCase() };
  }
  return { outcome: "unknown", reason: `refund-${status}` };
}

async function totals(client: PaypalClient, { token }: KnownCharge): Promise<ChargeTotals | undefined> {
  const order = await orderNamed(client, token);
  const capture = order && captureOf(order);
  if (order === undefined || capture === undefined) return undefined;
  const made = refundsOf(order).filter((each) => refundOutcome(each).outcome === "succeeded");
  return {
    captured: amountOf(capture) ?? 0,
    refunded: made.reduce((sum, each) => sum + (amountOf(each) ?? 0), 0),
    countsTaken: true,
    currency: capture.amount.currency_code,
  };
}

/** Undefined when PayPal knows none. @throws PaypalUnknown */
async function orderNamed(client: PaypalClient, id: string): Promise<PaypalOrder | undefined> {
  const { status, body, issue } = await client.call("GET", `/v2/checkout/orders/${encodeURIComponent(id)}`);
  if (status === 404 && issue !== undefined) return undefined;
  const order = checked(orderSchema, body);
  if (order === undefined) throw new PaypalUnknown(`order-status-${status}`);
  return order;
}

/** Undefined when PayPal knows none. @throws PaypalUnknown */
async function captureNamed(client: PaypalClient, id: string): Promise<PaypalCapture | undefined> {
  const { status, body, issue } = await client.call("GET", `/v2/payments/captures/${encodeURIComponent(id)}`);
  if (status === 404 && issue !== undefined) return undefined;
  const capture = checked(captureSchema, body);
  if (capture === undefined) throw new PaypalUnknown(`capture-status-${status}`);
  return capture;
}

const amountOf = ({ amount }: PaypalCapture): number | undefined =>
  minorUnits(amount.value, amount.currency_code);

const declined = (reference: string | null, code: string, detail: string): ChargeOutcome => ({
  outcome: "declined",
  reference,
  code,
  detail,
});
