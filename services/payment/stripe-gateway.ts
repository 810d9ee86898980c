import Stripe from "stripe";
import { providerFetch } from "#mesh/http/provider-fetch";
import {
  type ChargeOrder,
  type ChargeOutcome,
  type ChargeTotals,
  type KnownCharge,
  type PaymentGateway,
  type ProviderMovement,
  ProviderSilent,
  type RefundOrder,
  type RefundOutcome,
  type ToldDispute,
  type VoidOutcome,
} from "./payment-gateway.ts";
import { chargeRefusal, isFinal, outcomeOf, reasonOf, refundOutcome } from "./stripe-answers.ts";

export interface StripeOptions {
  readonly secretKey: string;
  /** Where Stripe's API is; the real one when undefined. */
  readonly apiUrl?: string | undefined;
  /** Where the bank sends the buyer back to. */
  readonly returnUrl: string;
  /** For one attempt, in milliseconds; shorter than order-service waits for us, so that it gets our 202. */
  readonly timeoutMs?: number | undefined;
}

/** Stripe forgets keys after 24 h. */
const keyTrustedForMs = 20 * 60 * 60 * 1000;

/** The one place that knows Stripe's client. */
export function openStripe({
  secretKey,
  apiUrl,
  returnUrl,
  timeoutMs = 3_000,
}: StripeOptions): PaymentGateway {
  const stripe = new Stripe(secretKey, {
    ...(apiUrl === undefined ? {} : addressOf(apiUrl)),
    httpClient: Stripe.createFetchHttpClient(providerFetch("stripe")),
    timeout: timeoutMs,
    // Retries are ours: they outlive the process, and use the same key.
    maxNetworkRetries: 0,
    telemetry: false,
  });
  return {
    name: "stripe",
    keyTrustedForMs,
    charge: (order) => charge(stripe, order, returnUrl),
    find: (known) => find(stripe, known),
    capture: (known) => capture(stripe, known),
    void: (known) => voidCharge(stripe, known),
    refund: (refund) => refundCharge(stripe, refund),
    findRefund: (refund) => findRefund(stripe, refund),
    orderOf: async (reference) => {
      const intent = await intentNamed(stripe, reference);
      return intent && (intent.metadata.orderId ?? null);
    },
    totals: (known) => totals(stripe, known),
    disputeNow: (id) => disputeNow(stripe, id),
    disputes: (from, to) => disputes(stripe, from, to),
    movements: (from, to) => movements(stripe, from, to),
  };
}

async function charge(
  stripe: Stripe,
  { orderId, amount, token, capture: mode }: ChargeOrder,
  returnUrl: string,
): Promise<ChargeOutcome> {
  try {
    const intent = await stripe.paymentIntents.create(
      {
        amount: amount.amount,
        currency: amount.currency.toLowerCase(),
        payment_method: token,
        allowed_payment_method_types: ["card"],
        confirm: true,
        return_url: returnUrl,
        ...(mode === "delayed" && { capture_method: "manual" as const }),
        metadata: { orderId },
      },
      { idempotencyKey: `charge-${orderId}` },
    );
    return outcomeOf(intent);
  } catch (error) {
    return chargeRefusal(error);
  }
}

async function find(stripe: Stripe, { orderId, reference }: KnownCharge): Promise<ChargeOutcome> {
  try {
    if (reference !== null) return outcomeOf(await stripe.paymentIntents.retrieve(reference));
    const { data } = await stripe.paymentIntents.search({ query: `metadata['orderId']:'${orderId}'` });
    const found = data.find(({ status }) => status === "succeeded") ?? data.find(isAlive) ?? data[0];
    if (found !== undefined) return outcomeOf(found);
    return { outcome: "declined", reference: null, code: "never_charged", detail: "No charge was made" };
  } catch (error) {
    return { outcome: "unknown", reason: reasonOf(error) };
  }
}

const isAlive = ({ status }: Stripe.PaymentIntent): boolean =>
  status === "requires_capture" || status === "requires_action" || status === "processing";

async function capture(stripe: Stripe, known: KnownCharge): Promise<ChargeOutcome> {
  const { orderId, reference } = known;
  try {
    const key = { idempotencyKey: `capture-${orderId}` };
    return outcomeOf(await stripe.paymentIntents.capture(reference ?? "", {}, key));
  } catch (error) {
    // Captured before, in its dashboard say, or let go by the bank: the intent itself tells.
    if (!isFinal(error) || reference === null) return { outcome: "unknown", reason: reasonOf(error) };
    const now = await find(stripe, known);
    return now.outcome === "authorized" ? { outcome: "unknown", reason: reasonOf(error) } : now;
  }
}

async function voidCharge(stripe: Stripe, { reference }: KnownCharge): Promise<VoidOutcome> {
  try {
    const { status } = await stripe.paymentIntents.cancel(reference ?? "");
    return status === "canceled" ? "voided" : "unknown";
  } catch (error) {
    if (!isFinal(error) || reference === null) return "unknown";
    try {
      const { status } = await stripe.paymentIntents.retrieve(reference);
      return status === "succeeded" ? "captured" : status === "canceled" ? "voided" : "unknown";
    } catch {
      return "unknown";
    }
  }
}

async function refundCharge(
  stripe: Stripe,
  { refundId, reference, amount }: RefundOrder,
): Promise<RefundOutcome> {
  try {
    const made = await stripe.refunds.create(
      { payment_intent: reference, amount: amount.amount, metadata: { refundId } },
      { idempotencyKey: `refund-${refundId}` },
    );
    return refundOutcome(made);
  } catch (error) {
    if (!isFinal(error)) return { outcome: "unknown", reason: reasonOf(error) };
    return { outcome: "refused", code: error.code ?? error.type };
  }
}

async function findRefund(stripe: Stripe, { refundId, reference }: RefundOrder): Promise<RefundOutcome> {
  try {
    const listed = await stripe.refunds.list({ payment_intent: reference, limit: 100 });
    const made = listed.data.find(({ metadata }) => metadata?.refundId === refundId);
    return made === undefined ? { outcome: "refused", code: "never_refunded" } : refundOutcome(made);
  } catch (error) {
    return { outcome: "unknown", reason: reasonOf(error) };
  }
}

async function totals(stripe: Stripe, { reference }: KnownCharge): Promise<ChargeTotals | undefined> {
  if (reference === null) return undefined;
  const intent = await intentNamed(stripe, reference);
  if (intent === undefined) return undefined;
  const made = intent.latest_charge;
  const refunded = made === null || typeof made === "string" ? 0 : made.amount_refunded;
  const captured = intent.amount_received;
  const currency = intent.currency.toUpperCase();
  return { captured, refunded: captured === 0 ? 0 : refunded, countsTaken: false, currency };
}

/** Undefined when Stripe knows none. @throws ProviderSilent for every other answer that is no intent */
async function intentNamed(stripe: Stripe, id: string): Promise<Stripe.PaymentIntent | undefined> {
  let intent: Stripe.PaymentIntent;
  try {
    intent = await stripe.paymentIntents.retrieve(id, { expand: ["latest_charge"] });
  } catch (error) {
    if (isFinal(error) && error.code === "resource_missing") return undefined;
    throw new ProviderSilent(reasonOf(error), { cause: error });
  }
  // Whatever stands between us and Stripe may answer JSON too.
  if (intent.object !== "payment_intent") throw new ProviderSilent("unreadable-answer");
  return intent;
}

async function disputeNow(
  stripe: Stripe,
  id: string,
): Promise<{ type: string; object: unknown } | undefined> {
  try {
    return { type: "charge.dispute.updated", object: await stripe.disputes.retrieve(id) };
  } catch (error) {
    if (isFinal(error) && error.code === "resource_missing") return undefined;
    throw new ProviderSilent(reasonOf(error), { cause: error });
  }
}

/** Stripe lists disputes by their opening only. */
async function* disputes(stripe: Stripe, from: Date, to: Date): AsyncIterable<ToldDispute> {
  try {
    for await (const object of stripe.disputes.list({ created: between(from, to), limit: 100 })) {
      yield { id: object.id, type: "charge.dispute.updated", object, at: new Date(object.created * 1000) };
    }
  } catch (error) {
    throw new ProviderSilent(reasonOf(error), { cause: error });
  }
}

const between = (from: Date, to: Date) => ({
  gte: Math.floor(from.getTime() / 1000),
  lt: Math.floor(to.getTime() / 1000),
});

async function* movements(stripe: Stripe, from: Date, to: Date): AsyncIterable<ProviderMovement> {
  const created = between(from, to);
  const moneyOf = (amount: number, currency: string) => ({ amount, currency: currency.toUpperCase() });
  for await (const intent of stripe.paymentIntents.list({ created, limit: 100 })) {
    if (intent.status !== "succeeded") continue;
    yield {
      kind: "charge",
      reference: intent.id,
      orderId: intent.metadata.orderId ?? null,
      amount: moneyOf(intent.amount_received, intent.currency),
      at: new Date(intent.created * 1000),
    };
  }
  for await (const refund of stripe.refunds.list({ created, limit: 100 })) {
    const { outcome } = refundOutcome(refund);
    if (outcome === "unknown") continue;
    yield {
      kind: "refund",
      succeeded: outcome === "succeeded",
      reference: refund.id,
      chargeReference: idOf(refund.payment_intent),
      orderId: null,
      refundId: refund.metadata?.refundId ?? null,
      amount: moneyOf(refund.amount, refund.currency),
      at: new Date(refund.created * 1000),
    };
  }
}

const idOf = (named: string | { readonly id: string } | null): string | null =>
  typeof named === "string" ? named : (named?.id ?? null);

function addressOf(apiUrl: string): Pick<Stripe.StripeConfig, "host" | "port" | "protocol"> {
  const { hostname, port, protocol } = new URL(apiUrl);
  const http = protocol === "http:";
  return {
    host: hostname,
    port: port === "" ? (http ? 80 : 443) : Number(port),
    protocol: http ? "http" : "https",
  };
}
