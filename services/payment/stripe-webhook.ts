import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { Uuid } from "#mesh/uuid-schema";
import { applyDispute } from "./apply-dispute.ts";
import { applyCharge, applyRefund, type ChargeNews, type WebhookResult } from "./apply-event.ts";
import { applyRefundFailure } from "./apply-refund-failure.ts";
import { parsedJson } from "./parsed-json.ts";
import type { ChargeOutcome } from "./payment-gateway.ts";
import { findByOrder } from "./payment-store.ts";
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
  payment_intent: Type.String(),
  amount: Type.Integer({ minimum: 1 }),
  currency: Type.String(),
  status: Type.String(),
  failure_reason: Type.Optional(Type.Union([Type.Null(), Type.String()])),
  metadata: Type.Object({ refundId: Type.Optional(Uuid) }),
});

type Event = Pick<Static<typeof eventSchema>, "id" | "type">;
type Intent = Static<typeof intentSchema>;

/** Applies an event of Stripe's whose signature was checked. @param body the event's JSON */
export async function applyStripeWebhook(deps: RefundDeps, body: string): Promise<WebhookResult> {
  const event = parsedJson(body);
  if (!Value.Check(eventSchema, event)) return "malformed";
  const { object } = event.data;
  switch (event.type) {
    case "payment_intent.succeeded":
    case "payment_intent.payment_failed":
    case "payment_intent.canceled":
    case "payment_intent.amount_capturable_updated":
      return Value.Check(intentSchema, object) ? await applyIntent(deps, event, object) : "not-ours";
    case "charge.refunded": {
      if (!Value.Check(chargeSchema, object)) return "not-ours";
      const payment = await findByOrder(deps.sql, object.metadata.orderId);
      const news = newsOf(event, object.payment_intent, object);
      return await applyRefund(deps, payment, news, object.amount_refunded);
    }
    case "charge.dispute.created":
    case "charge.dispute.updated":
    case "charge.dispute.closed":
    case "charge.dispute.funds_withdrawn":
    case "charge.dispute.funds_reinstated":
      return Value.Check(disputeSchema, object) ? await applyStripeDispute(deps, event, object) : "not-ours";
    case "refund.failed":
    case "refund.updated":
    case "charge.refund.updated":
      return Value.Check(refundSchema, object) ? await applyStripeRefund(deps, event, object) : "not-ours";
    default:
      return "not-ours";
  }
}

/** Of a refund only its coming back is news: that it was made is booked by who made it, or by `charge.refunded`. */
async function applyStripeRefund(
  deps: RefundDeps,
  event: Event,
  {
    payment_intent: reference,
    amount,
    currency,
    status,
    failure_reason: reason,
    metadata,
  }: Static<typeof refundSchema>,
): Promise<WebhookResult> {
  if (status !== "failed" && status !== "canceled") return "nothing-to-do";
  const orderId = await deps.gateways.stripe.orderOf(reference);
  const payment = orderId === undefined ? undefined : await findByOrder(deps.sql, orderId);
  const news = newsOf(event, reference, { amount: payment?.amount ?? 0, currency });
  const { refundId = null } = metadata;
  return await applyRefundFailure(deps, payment, news, { refundId, amount, code: reason ?? status });
}

/** A dispute does not carry our order's id; the intent that it is of does. */
async function applyStripeDispute(
  deps: RefundDeps,
  event: Event,
  dispute: Static<typeof disputeSchema>,
): Promise<WebhookResult> {
  const reference = dispute.payment_intent;
  const orderId = await deps.gateways.stripe.orderOf(reference);
  const payment = orderId === undefined ? undefined : await findByOrder(deps.sql, orderId);
  // A part of the payment may be disputed, so that the amount of the charge says nothing here.
  const of = { amount: payment?.amount ?? 0, currency: dispute.currency };
  return await applyDispute(deps, payment, newsOf(event, reference, of), disputeNews(event.type, dispute));
}

async function applyIntent(deps: RefundDeps, event: Event, intent: Intent): Promise<WebhookResult> {
  if (event.type === "payment_intent.succeeded" && deps.settled.has(intent.id)) return "nothing-to-do";
  const payment = await findByOrder(deps.sql, intent.metadata.orderId);
  return await applyCharge(deps, payment, newsOf(event, intent.id, intent), outcomeOf(event, intent));
}

function outcomeOf({ type }: Event, { id: reference, last_payment_error: failure }: Intent): ChargeOutcome {
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
  { id: eventId, type }: Event,
  reference: string,
  { amount, currency }: { amount: number; currency: string },
): ChargeNews => ({ eventId, type, reference, amount, currency });
