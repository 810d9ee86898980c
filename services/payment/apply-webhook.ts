import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { Transaction } from "#mesh/postgres/sql";
import { Uuid } from "#mesh/uuid-schema";
import type { ChargeDeps } from "./charge-payment.ts";
import { isUnsettled, type Payment } from "./payment.ts";
import type { ChargeOutcome } from "./payment-gateway.ts";
import { findByOrder, lockById } from "./payment-store.ts";
import { claimProviderEvent } from "./provider-event-store.ts";
import { insertForeignRefund } from "./refund-store.ts";
import { bookRefund, type RefundDeps } from "./send-refund.ts";
import { settle } from "./settle-charge.ts";

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

export type WebhookResult = "applied" | "nothing-to-do" | "not-ours" | "malformed";

/**
 * Applies an event whose signature was checked. Order, repetition and lateness do not matter: an event only tells
 * what is already true at the provider, and what is booked already is not booked again.
 * @param body the event's JSON
 */
export async function applyWebhook(deps: RefundDeps, body: string): Promise<WebhookResult> {
  const event = parsed(body);
  if (!Value.Check(eventSchema, event)) return "malformed";
  const { object } = event.data;
  switch (event.type) {
    case "payment_intent.succeeded":
    case "payment_intent.payment_failed":
      return Value.Check(intentSchema, object) ? await applyIntent(deps, event, object) : "not-ours";
    case "charge.refunded":
      return Value.Check(chargeSchema, object) ? await applyRefund(deps, event, object) : "not-ours";
    default:
      return "not-ours";
  }
}

type Event = Pick<Static<typeof eventSchema>, "id" | "type">;

async function applyIntent(
  deps: RefundDeps,
  event: Event,
  intent: Static<typeof intentSchema>,
): Promise<WebhookResult> {
  const succeeded = event.type === "payment_intent.succeeded";
  if (succeeded && deps.settled.has(intent.id)) return "nothing-to-do";
  const payment = await findByOrder(deps.sql, intent.metadata.orderId);
  if (payment === undefined || !isOf(deps, payment, intent.id, intent)) return "not-ours";
  if (!isUnsettled(payment)) return "nothing-to-do";
  const failure = intent.last_payment_error;
  const outcome: ChargeOutcome = succeeded
    ? { outcome: "captured", reference: intent.id }
    : {
        outcome: "declined",
        reference: intent.id,
        code: failure?.decline_code ?? failure?.code ?? "generic_decline",
        detail: failure?.message ?? "The card was declined",
      };
  return await deps.transaction(async (tx) => {
    if (!(await claimProviderEvent(tx, event.id, event.type))) return "nothing-to-do";
    await settle(within(deps, tx), payment, outcome);
    return "applied";
  });
}

/** Books what went back without our asking, such as a refund made in the provider's dashboard. */
async function applyRefund(
  deps: RefundDeps,
  event: Event,
  charge: Static<typeof chargeSchema>,
): Promise<WebhookResult> {
  const payment = await findByOrder(deps.sql, charge.metadata.orderId);
  if (payment === undefined || !isOf(deps, payment, charge.payment_intent, charge)) return "not-ours";
  if (foreignPart(payment, charge.amount_refunded) <= 0) return "nothing-to-do";
  return await deps.transaction(async (tx) => {
    if (!(await claimProviderEvent(tx, event.id, event.type))) return "nothing-to-do";
    // A refund proves the charge, even when the news of the charge is still on its way.
    if (isUnsettled(payment)) {
      await settle(within(deps, tx), payment, { outcome: "captured", reference: charge.payment_intent });
    }
    return await bookForeignRefund(deps, tx, payment.id, charge.amount_refunded);
  });
}

/** The same, inside a transaction that is under way. */
const within = (deps: RefundDeps, tx: Transaction): ChargeDeps => ({
  ...deps,
  sql: tx,
  write: (statement) => statement(tx),
});

async function bookForeignRefund(
  deps: RefundDeps,
  tx: Transaction,
  paymentId: string,
  refundedAtProvider: number,
): Promise<WebhookResult> {
  const payment = await lockById(tx, paymentId);
  const amount = payment === undefined ? 0 : foreignPart(payment, refundedAtProvider);
  if (amount <= 0) return "nothing-to-do";
  const id = deps.newId();
  const reason = "refunded at the provider";
  await insertForeignRefund(tx, { id, paymentId, amount, reason, origin: "provider", createdAt: deps.now() });
  await bookRefund(deps, tx, id, paymentId, null);
  return "applied";
}

/** What the provider sent back beyond what we asked for; refunds of ours that are under way count as asked for. */
const foreignPart = ({ refunded, refunding }: Payment, refundedAtProvider: number): number =>
  refundedAtProvider - refunded - refunding;

/** Another charge or another amount for a known order is never booked: a person has to look at it. */
function isOf(
  { log }: RefundDeps,
  payment: Payment,
  reference: string,
  { amount, currency }: { amount: number; currency: string },
): boolean {
  const { orderId } = payment;
  if (payment.userId === null) {
    log.error({ orderId, reference }, "a webhook tells of a charge for an order that was never charged");
    return false;
  }
  if (payment.reference !== null && payment.reference !== reference) {
    log.error({ orderId, reference, booked: payment.reference }, "a webhook tells of a second charge");
    return false;
  }
  if (payment.amount !== amount || payment.currency !== currency.toUpperCase()) {
    log.error({ orderId, reference, amount, currency }, "a webhook tells of another amount");
    return false;
  }
  return true;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}
