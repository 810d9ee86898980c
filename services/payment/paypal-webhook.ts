import { createHash } from "node:crypto";
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { Uuid } from "#mesh/uuid-schema";
import { applyDispute } from "./apply-dispute.ts";
import { applyCharge, type ChargeNews, type WebhookResult } from "./apply-event.ts";
import { applyRefund } from "./apply-refund.ts";
import { applyRefundFailure } from "./apply-refund-failure.ts";
import { applyReversal } from "./apply-reversal.ts";
import { askProvider } from "./charge-payment.ts";
import { minorUnits } from "./decimal-amount.ts";
import { parsedJson } from "./parsed-json.ts";
import { paymentOfCharge } from "./payment-of-charge.ts";
import { claimOpen, findByApproval, findByOrder } from "./payment-store.ts";
import { type PaypalDispute, paypalDisputeNews, paypalDisputeSchema } from "./paypal-dispute.ts";
import { type EventName, type NewsHandler, onNews, type ProviderNews } from "./provider-news.ts";
import type { RefundDeps } from "./send-refund.ts";

const money = Type.Object({ currency_code: Type.String(), value: Type.String() });
const links = Type.Array(Type.Object({ rel: Type.String(), href: Type.String() }));
const eventSchema = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 255 }),
  event_type: Type.String({ maxLength: 255 }),
  resource: Type.Unknown(),
});
const approvedSchema = Type.Object({ id: Type.String() });
const captureSchema = Type.Object({ id: Type.String(), amount: money, custom_id: Uuid });
const refundedSchema = Type.Object({
  id: Type.String({ minLength: 1 }),
  amount: money,
  links,
  seller_payable_breakdown: Type.Object({ total_refunded_amount: money }),
});
const reversedSchema = Type.Object({ id: Type.String({ minLength: 1 }), amount: money, links });
const failedRefundSchema = Type.Object({
  id: Type.String(),
  status: Type.String(),
  amount: money,
  custom_id: Type.Optional(Type.String()),
  links,
});

const captureNews = onNews(captureSchema, applyCapture);
const disputed = onNews(paypalDisputeSchema, applyPaypalDispute);

/** What is done about each of PayPal's events; of any other nothing is used. */
export const paypalNews: ReadonlyMap<string, NewsHandler> = new Map([
  ["CHECKOUT.ORDER.APPROVED", onNews(approvedSchema, applyApproval)],
  ["PAYMENT.CAPTURE.COMPLETED", captureNews],
  ["PAYMENT.CAPTURE.DECLINED", captureNews],
  ["PAYMENT.CAPTURE.DENIED", captureNews],
  ["PAYMENT.CAPTURE.REFUNDED", onNews(refundedSchema, applyCaptureRefund)],
  ["PAYMENT.CAPTURE.REVERSED", onNews(reversedSchema, applyCaptureReversal)],
  ["PAYMENT.REFUND.FAILED", onNews(failedRefundSchema, applyFailedRefund)],
  ["CUSTOMER.DISPUTE.CREATED", disputed],
  ["CUSTOMER.DISPUTE.UPDATED", disputed],
  ["CUSTOMER.DISPUTE.RESOLVED", disputed],
]);

/** An event of PayPal's. Undefined for what is none. @param body its JSON */
export function readPaypalEvent(body: string): ProviderNews | undefined {
  const event = parsedJson(body);
  if (!Value.Check(eventSchema, event)) return undefined;
  return { id: event.id, type: event.event_type, object: event.resource };
}

/** A dispute does not carry our order's id; the capture that it is of does. */
async function applyPaypalDispute(
  deps: RefundDeps,
  event: EventName,
  dispute: PaypalDispute,
): Promise<WebhookResult> {
  const told = paypalDisputeNews(dispute);
  if (told === undefined) return "malformed";
  const reference = dispute.disputed_transactions[0]?.seller_transaction_id ?? "";
  const payment = await paymentOfCharge(deps, "paypal", reference);
  if (typeof payment === "string") return payment;
  // A part of the payment may be disputed, so that the amount of the capture says nothing here.
  return await applyDispute(deps, payment, newsOf(event, reference, told.currency, payment.amount), told);
}

/** The buyer agreed to an order that waits for it: now it can be taken. A repeat finds it settled. */
async function applyApproval(
  deps: RefundDeps,
  _event: EventName,
  { id }: Static<typeof approvedSchema>,
): Promise<WebhookResult> {
  const digest = createHash("sha256").update(id).digest();
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
  event: EventName,
  { id: reference, amount, custom_id: orderId }: Static<typeof captureSchema>,
): Promise<WebhookResult> {
  const isCompleted = event.type === "PAYMENT.CAPTURE.COMPLETED";
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
  event: EventName,
  {
    id: refundId,
    amount: own,
    links: linked,
    seller_payable_breakdown: { total_refunded_amount: total },
  }: Static<typeof refundedSchema>,
): Promise<WebhookResult> {
  const reference = captureIn(linked);
  const payment = await paymentOfCharge(deps, "paypal", reference);
  if (typeof payment === "string") return payment;
  const news = newsOf(event, reference, total.currency_code, payment.amount);
  const [all, amount] = [total, own].map((each) => minorUnits(each.value, each.currency_code) ?? 0);
  return await applyRefund(deps, payment, news, all ?? 0, { reference: refundId, amount: amount ?? 0 });
}

async function applyCaptureReversal(
  deps: RefundDeps,
  event: EventName,
  { id, amount: { value, currency_code: currency }, links: linked }: Static<typeof reversedSchema>,
): Promise<WebhookResult> {
  const amount = minorUnits(value, currency);
  if (!amount) return "malformed";
  const reference = captureIn(linked);
  const payment = await paymentOfCharge(deps, "paypal", reference);
  if (typeof payment === "string") return payment;
  const about = { gateway: "paypal", id, paymentId: payment.id, amount, currency } as const;
  const news = newsOf(event, reference, currency, payment.amount);
  return await applyReversal(deps, payment, news, { ...about, happenedAt: deps.now() });
}

/** A refund that was pending, by eCheck say, and came to nothing. */
async function applyFailedRefund(
  deps: RefundDeps,
  event: EventName,
  { id, status, amount: { value, currency_code: currency }, ...refund }: Static<typeof failedRefundSchema>,
): Promise<WebhookResult> {
  const amount = minorUnits(value, currency);
  if (amount === undefined) return "malformed";
  const reference = captureIn(refund.links);
  const payment = await paymentOfCharge(deps, "paypal", reference);
  if (typeof payment === "string") return payment;
  const { custom_id: custom } = refund;
  // Refunds that were made in PayPal's own pages may carry the id of their capture, which is our order's.
  const isOurs = Value.Check(Uuid, custom) && custom !== payment.orderId;
  const failure = { refundId: isOurs ? custom : null, reference: id, amount, code: status.toLowerCase() };
  return await applyRefundFailure(deps, payment, newsOf(event, reference, currency, payment.amount), failure);
}

/** A refund names the capture that it is of by a link only. */
const captureIn = (linked: Static<typeof links>): string =>
  linked
    .find(({ rel }) => rel === "up")
    ?.href.split("/")
    .at(-1) ?? "";

const newsOf = (
  { id: eventId, type }: EventName,
  reference: string,
  currency: string,
  amount: number | undefined,
): ChargeNews => ({ eventId, type, reference, currency, amount: amount ?? Number.NaN });
