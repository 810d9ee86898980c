import type { OrderUnderTest } from "./order-under-test.ts";
import { eventResource } from "./sandbox/paypal/paypal-objects.ts";

/** What a provider tells of the order, as its sandbox has it at this moment. */
export interface Teller {
  readonly gateway: "stripe" | "paypal";
  token(does: "pay" | "dispute"): string;
  /** The call by which the money is taken, and the one that asks whose charge it is or what it comes to. */
  readonly charging: RegExp;
  readonly asking: RegExp;
  disputed(): Told;
  lose(): Promise<void>;
  /** What the merchant does in the provider's own pages. */
  refund(minor: number): Promise<void>;
  refunded(): Told;
  /** The last refund comes back at the provider. */
  failRefund(): Told;
  /** What the ledger has of a dispute as soon as it is open. */
  readonly withdrawn: readonly string[];
  /** How it answers for a charge that it does not know. */
  unknown(): Response;
  /** How it shows a charge that somebody else made, with whatever order that has. */
  foreign(orderId: string | undefined): Response;
}
export interface Told {
  readonly type: string;
  readonly object: object;
}

/** Stripe, and the order that is paid there. */
export function stripeTeller(order: OrderUnderTest): Teller {
  const intentId = () =>
    order.service.sandbox.state().intents.find(({ metadata }) => metadata.orderId === order.id)?.id ?? "";
  const ofIntent = <T extends { payment_intent: string }>(all: readonly T[]): T => {
    const found = all.findLast((each) => each.payment_intent === intentId());
    if (found === undefined) throw new Error("Stripe has none");
    return structuredClone(found);
  };
  return {
    gateway: "stripe",
    token: (does) => (does === "pay" ? "pm_card_visa" : "pm_card_createDispute"),
    charging: /^POST \/v1\/payment_intents$/,
    asking: /^GET \/v1\/payment_intents\//,
    disputed() {
      const object = ofIntent(order.service.sandbox.state().disputes);
      return { type: object.status === "lost" ? "charge.dispute.closed" : "charge.dispute.created", object };
    },
    async lose() {
      const { id } = ofIntent(order.service.sandbox.state().disputes);
      await order.service.stripePost(`/v1/disputes/${id}`, {
        "evidence[uncategorized_text]": "losing_evidence",
      });
    },
    refund: (minor) =>
      order.service.stripePost("/v1/refunds", { payment_intent: intentId(), amount: String(minor) }),
    refunded: () => ({ type: "charge.refunded", object: ofIntent(order.service.sandbox.state().charges) }),
    failRefund() {
      const { refunds, charges } = order.service.sandbox.state();
      const refund = refunds.findLast((each) => each.payment_intent === intentId());
      const charge = charges.find(({ id }) => id === refund?.charge);
      if (refund === undefined || charge === undefined) throw new Error("Stripe has none");
      charge.amount_refunded -= refund.amount;
      refund.status = "failed";
      return { type: "refund.failed", object: structuredClone(refund) };
    },
    withdrawn: ["dispute-withdrawal", "dispute-fee"],
    unknown: () =>
      Response.json({ error: { type: "invalid_request_error", code: "resource_missing" } }, { status: 404 }),
    foreign: (orderId) =>
      Response.json({ id: "pi_x", object: "payment_intent", metadata: { ...(orderId && { orderId }) } }),
  };
}

/** PayPal, and the order that is paid there. */
export function paypalTeller(order: OrderUnderTest): Teller {
  const record = () => {
    const found = order.service.sandbox.state().paypal.find(({ customId }) => customId === order.id);
    if (found === undefined) throw new Error("PayPal has none");
    return found;
  };
  const lastRefund = () => {
    const refund = record().refunds.at(-1);
    if (refund === undefined) throw new Error("PayPal has none");
    return refund;
  };
  return {
    gateway: "paypal",
    token: (does) => order.paypalToken(does === "pay" ? "success" : "dispute"),
    charging: /^POST .*\/capture$/,
    asking: /^GET \/v2\/(payments\/captures|checkout\/orders)\//,
    disputed() {
      const { dispute } = record();
      if (dispute === undefined) throw new Error("PayPal has no dispute");
      const type = dispute.outcome === null ? "CUSTOMER.DISPUTE.CREATED" : "CUSTOMER.DISPUTE.RESOLVED";
      return { type, object: eventResource({ type, order: record(), dispute }, "") };
    },
    lose: () =>
      order.service.paypalPost(`/v1/customer/disputes/${record().dispute?.id}/adjudicate`, {
        adjudication_outcome: "BUYER_FAVOR",
      }),
    refund: (minor) =>
      order.service.paypalPost(`/v2/payments/captures/${record().captureId}/refund`, {
        amount: { value: (minor / 100).toFixed(2), currency_code: "EUR" },
      }),
    refunded() {
      const type = "PAYMENT.CAPTURE.REFUNDED";
      return { type, object: eventResource({ type, order: record(), refund: lastRefund() }, "") };
    },
    failRefund() {
      const type = "PAYMENT.REFUND.FAILED";
      lastRefund().failed = true;
      return { type, object: eventResource({ type, order: record(), refund: lastRefund() }, "") };
    },
    withdrawn: [],
    unknown: () =>
      Response.json(
        { name: "RESOURCE_NOT_FOUND", details: [{ issue: "INVALID_RESOURCE_ID" }] },
        { status: 404 },
      ),
    foreign: (orderId) =>
      Response.json({
        id: "X1",
        status: "COMPLETED",
        amount: { currency_code: "EUR", value: "19.99" },
        ...(orderId && { custom_id: orderId }),
      }),
  };
}
