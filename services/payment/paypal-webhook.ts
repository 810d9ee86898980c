import { createHash } from "node:crypto";
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { Uuid } from "#mesh/uuid-schema";
import { applyDispute } from "./apply-dispute.ts";
import { applyCharge, applyRefund, type ChargeNews, type WebhookResult } from "./apply-event.ts";
import { askProvider } from "./charge-payment.ts";
import { minorUnits } from "./decimal-amount.ts";
import { parsedJson } from "./parsed-json.ts";
import { claimOpen, findByApproval, findByOrder, findByReference } from "./payment-store.ts";
import { type PaypalDispute, paypalDisputeNews, paypalDisputeSchema } from "./paypal-dispute.ts";
import type { RefundDeps } from "./send-refund.ts";

const money = Type.Object({ currency_code: Type.String(), value: Type.String() });
const eventSchema = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 255 }),
  event_type: Type.String({ maxLength: 255 }),
  resource: Type.Unknown(),
});
const approvedSchema = Type.Object({ id: Type.String() });
const captureSchema = Type.Object({ id: Type.String(), amount: money, custom_id: Uuid });
const refundSchema = Type.Object({
  links: Type.Array(Type.Object({ rel: Type.String(), href: Type.String() })),
  seller_payable_breakdown: Type.Object({ total_refunded_amount: money }),
});

type Event = Pick<Static<typeof eventSchema>, "id" | "event_type">;

/** Applies an event of PayPal's whose signature was checked. @param body the event's JSON */
export async function applyPaypalWebhook(deps: RefundDeps, body: string): Promise<WebhookResult> {
  const event = parsedJson(body);
  if (!Value.Check(eventSchema, event)) return "malformed";
  const { resource } = event;
  switch (event.event_type) {
    case "CHECKOUT.ORDER.APPROVED":
      return Value.Check(approvedSchema, resource) ? await applyApproval(deps, resource.id) : "not-ours";
    case "PAYMENT.CAPTURE.COMPLETED":
    case "PAYMENT.CAPTURE.DECLINED":
    case "PAYMENT.CAPTURE.DENIED":
      return Value.Check(captureSchema, resource) ? await applyCapture(deps, event, resource) : "not-ours";
    case "PAYMENT.CAPTURE.REFUNDED":
      return Value.Check(refundSchema, resource)
        ? await applyCaptureRefund(deps, event, resource)
        : "not-ours";
    case "CUSTOMER.DISPUTE.CREATED":
    case "CUSTOMER.DISPUTE.UPDATED":
    case "CUSTOMER.DISPUTE.RESOLVED":
      return Value.Check(paypalDisputeSchema, resource)
        ? await applyPaypalDispute(deps, event, resource)
        : "not-ours";
    default:
      return "not-ours";
  }
}

async function applyPaypalDispute(
  deps: RefundDeps,
  event: Event,
  dispute: PaypalDispute,
): Promise<WebhookResult> {
  const told = paypalDisputeNews(dispute);
  if (told === undefined) return "malformed";
  const reference = dispute.disputed_transactions[0]?.seller_transaction_id ?? "";
  const payment = await findByReference(deps.sql, "paypal", reference);
  // A part of the payment may be disputed, so that the amount of the capture says nothing here.
  const about = newsOf(event, reference, told.currency, payment?.amount);
  return await applyDispute(deps, payment, about, told);
}

/** The buyer agreed to an order that waits for it: now it can be taken. A repeat finds it settled. */
async function applyApproval(deps: RefundDeps, paypalOrderId: string): Promise<WebhookResult> {
  const digest = createHash("sha256").update(paypalOrderId).digest();
  const payment = await findByApproval(deps.sql, digest);
  if (payment === undefined) return "not-ours";
  if (payment.status !== "requires-action" || payment.cancelReason !== null) return "nothing-to-do";
  const claimed = await claimOpen(deps.sql, payment.orderId);
  if (claimed === undefined) return "nothing-to-do";
  await askProvider(deps, claimed);
  return "applied";
}

async function applyCapture(
  deps: RefundDeps,
  event: Event,
  { id: reference, amount, custom_id: orderId }: Static<typeof captureSchema>,
): Promise<WebhookResult> {
  const isCompleted = event.event_type === "PAYMENT.CAPTURE.COMPLETED";
  if (isCompleted && deps.settled.has(reference)) return "nothing-to-do";
  const payment = await findByOrder(deps.sql, orderId);
  const news = newsOf(event, reference, amount.currency_code, minorUnits(amount.value, amount.currency_code));
  const outcome = isCompleted
    ? ({ outcome: "captured", reference } as const)
    : ({
        outcome: "declined",
        reference,
        code: "capture_declined",
        detail: "PayPal did not take this payment",
      } as const);
  return await applyCharge(deps, payment, news, outcome);
}

async function applyCaptureRefund(
  deps: RefundDeps,
  event: Event,
  { links, seller_payable_breakdown }: Static<typeof refundSchema>,
): Promise<WebhookResult> {
  const up = links.find(({ rel }) => rel === "up")?.href;
  const reference = up?.split("/").at(-1) ?? "";
  const { value, currency_code: currency } = seller_payable_breakdown.total_refunded_amount;
  const payment = await findByReference(deps.sql, "paypal", reference);
  const news = newsOf(event, reference, currency, payment?.amount);
  return await applyRefund(deps, payment, news, minorUnits(value, currency) ?? 0);
}

const newsOf = (
  { id: eventId, event_type: type }: Event,
  reference: string,
  currency: string,
  amount: number | undefined,
): ChargeNews => ({ eventId, type, reference, currency, amount: amount ?? Number.NaN });
