import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { Uuid } from "#mesh/uuid-schema";
import { applyDispute } from "./apply-dispute.ts";
import { applyCharge, type ChargeNews, type WebhookResult } from "./apply-event.ts";
import { applyRefund } from "./apply-refund.ts";
import { applyRefundFailure } from "./apply-refund-failure.ts";
import { parsedJson } from "./parsed-json.ts";
import type { ChargeOutcome } from "./payment-gateway.ts";
import { paymentOfCharge, paymentOfOrder } from "./payment-of-charge.ts";
import { findByOrder } from "./payment-store.ts";
import { type EventName, type NewsHandler, onNews, type ProviderNews } from "./provider-news.ts";
import type { RefundDeps } from "./send-refund.ts";
import { disputeNews, disputeSchema } from "./stripe-dispute.ts";

// Only what is used of them, since the provider adds fields as it likes.
const eventSchema = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 255 }),
  type: Type.String({ maxLength: 255 }),
  data: Type.Object({ object: Type.Unknown() }),
});
const intentSchema = Type.Object({
  id: Type.String(),
  amount: Type.Integer(),
  currency: Type.String(),
  metadata: Type.Object({ orderId: Uuid }),
  last_payment_error: Type.Optional(
    Type.Union([
      Type.Null(),
      Type.Object({
        code: Type.Optional(Type.String()),
        decline_code: Type.Optional(Type.String()),
        message: Type.Optional(Type.String()),
      }),
    ]),
  ),
});
const chargeSchema = Type.Object({
  payment_intent: Type.String(),
  amount: Type.Integer(),
  amount_refunded: Type.Integer(),
  currency: Type.String(),
  metadata: Type.Object({ orderId: Uuid }),
});

const refundSchema = Type.Object({
  id: Type.String(),
  payment_intent: Type.String(),
  amount: Type.Integer({ minimum: 1 }),
  currency: Type.String(),
  status: Type.String(),
  failure_reason: Type.Optional(Type.Union([Type.Null(), Type.String()])),
  metadata: Type.Object({ refundId: Type.Optional(Uuid) }),
});

type Intent = Static<typeof intentSchema>;
type Charge = Static<typeof chargeSchema>;

const intentNews = onNews(intentSchema, applyIntent);
const disputed = onNews(disputeSchema, applyStripeDispute);
const refundNews = onNews(refundSchema, applyStripeRefund);

/** What is done about each of Stripe's events; of any other nothing is used. */
export const stripeNews: ReadonlyMap<string, NewsHandler> = new Map([
  ["payment_intent.succeeded", intentNews],
  ["payment_intent.payment_failed", intentNews],
  ["payment_intent.canceled", intentNews],
  ["payment_intent.amount_capturable_updated", intentNews],
  ["charge.refunded", onNews(chargeSchema, applyChargeRefund)],
  ["charge.dispute.created", disputed],
  ["charge.dispute.updated", disputed],
  ["charge.dispute.closed", disputed],
  ["charge.dispute.funds_withdrawn", disputed],
  ["charge.dispute.funds_reinstated", disputed],
  ["refund.failed", refundNews],
  ["refund.updated", refundNews],
  ["charge.refund.updated", refundNews],
]);

/** An event of Stripe's. Undefined for what is none. @param body its JSON */
export function readStripeEvent(body: string): ProviderNews | undefined {
  const event = parsedJson(body);
  if (!Value.Check(eventSchema, event)) return undefined;
  return { id: event.id, type: event.type, object: event.data.object };
}

async function applyChargeRefund(
  deps: RefundDeps,
  event: EventName,
  { payment_intent: reference, metadata, amount_refunded: refunded, ...charge }: Charge,
): Promise<WebhookResult> {
  const payment = await paymentOfOrder(deps.sql, "stripe", metadata.orderId);
  if (payment === undefined) return "not-ours";
  return await applyRefund(deps, payment, newsOf(event, reference, charge), refunded);
}

/** Of a refund only its coming back is news: that it was made is booked by who made it, or by `charge.refunded`. */
async function applyStripeRefund(
  deps: RefundDeps,
  event: EventName,
  { id, payment_intent: of, amount, currency, status, ...refund }: Static<typeof refundSchema>,
): Promise<WebhookResult> {
  if (status !== "failed" && status !== "canceled") return "nothing-to-do";
  const payment = await paymentOfCharge(deps, "stripe", of);
  if (typeof payment === "string") return payment;
  const { refundId = null } = refund.metadata;
  const failure = { refundId, reference: id, amount, code: refund.failure_reason ?? status };
  return await applyRefundFailure(
    deps,
    payment,
    newsOf(event, of, { amount: payment.amount, currency }),
    failure,
  );
}

/** A dispute does not carry our order's id; the intent that it is of does. */
async function applyStripeDispute(
  deps: RefundDeps,
  event: EventName,
  dispute: Static<typeof disputeSchema>,
): Promise<WebhookResult> {
  const reference = dispute.payment_intent;
  const payment = await paymentOfCharge(deps, "stripe", reference);
  if (typeof payment === "string") return payment;
  // A part of the payment may be disputed, so that the amount of the charge says nothing here.
  const of = { amount: payment.amount, currency: dispute.currency };
  return await applyDispute(deps, payment, newsOf(event, reference, of), disputeNews(event.type, dispute));
}

async function applyIntent(deps: RefundDeps, event: EventName, intent: Intent): Promise<WebhookResult> {
  if (event.type === "payment_intent.succeeded" && deps.settled.has(intent.id)) return "nothing-to-do";
  const payment = await findByOrder(deps.sql, intent.metadata.orderId);
  return await applyCharge(deps, payment, newsOf(event, intent.id, intent), outcomeOf(event, intent));
}

function outcomeOf(
  { type }: EventName,
  { id: reference, last_payment_error: failure }: Intent,
): ChargeOutcome {
  if (type === "payment_intent.succeeded") return { outcome: "captured", reference };
  if (type === "payment_intent.amount_capturable_updated") return { outcome: "authorized", reference };
  const code = type === "payment_intent.canceled" ? "canceled" : "generic_decline";
  return {
    outcome: "declined",
    reference,
    code: failure?.decline_code ?? failure?.code ?? code,
    detail: failure?.message ?? "The card was declined",
  };
}

const newsOf = (
  { id: eventId, type }: EventName,
  reference: string,
  { amount, currency }: { amount: number; currency: string },
): ChargeNews => ({ eventId, type, reference, amount, currency });
