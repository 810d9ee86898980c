import type { Transaction } from "#mesh/postgres/sql";
import type { ChargeDeps } from "./charge-payment.ts";
import { isUnsettled, type Payment } from "./payment.ts";
import type { ChargeOutcome } from "./payment-gateway.ts";
import { lockById } from "./payment-store.ts";
import { claimProviderEvent } from "./provider-event-store.ts";
import { hasReversal, insertForeignRefund } from "./refund-store.ts";
import { bookRefund, type RefundDeps } from "./send-refund.ts";
import { settle } from "./settle-charge.ts";
import { settleCaptured } from "./settle-store.ts";

export type WebhookResult = "applied" | "nothing-to-do" | "not-ours" | "malformed";

/** What a provider's event says of one charge. */
export interface ChargeNews {
  readonly eventId: string;
  readonly type: string;
  readonly reference: string;
  readonly amount: number;
  readonly currency: string;
}

/**
 * Applies what an event says of a charge. Order, repetition and lateness do not matter: an event only tells what is
 * already true at the provider, and what is booked already is not booked again.
 */
export async function applyCharge(
  deps: RefundDeps,
  payment: Payment | undefined,
  news: ChargeNews,
  outcome: ChargeOutcome,
): Promise<WebhookResult> {
  if (payment === undefined || !isOf(deps, payment, news)) return "not-ours";
  if (!isUnsettled(payment)) return "nothing-to-do";
  return await deps.transaction(async (tx) => {
    if (!(await claimProviderEvent(tx, payment.gateway, news.eventId, news.type))) return "nothing-to-do";
    await settle(within(deps, tx), payment, outcome);
    return "applied";
  });
}

/**
 * Books what went back without our asking, such as a refund made in the provider's dashboard. Of a payment of which a
 * refund came back that is left to the reconciliation, which asks for the totals as they are.
 * @param refundedAtProvider all that went back of the charge, in minor units
 */
export async function applyRefund(
  deps: RefundDeps,
  payment: Payment | undefined,
  news: ChargeNews,
  refundedAtProvider: number,
): Promise<WebhookResult> {
  if (payment === undefined || !isOf(deps, payment, news)) return "not-ours";
  if (foreignPart(payment, refundedAtProvider) <= 0) return "nothing-to-do";
  // News from before a refund came back would book it again.
  if (await hasReversal(deps.sql, payment.id)) return "nothing-to-do";
  return await deps.transaction(async (tx) => {
    if (!(await claimProviderEvent(tx, payment.gateway, news.eventId, news.type))) return "nothing-to-do";
    // A refund proves the charge, even when the news of the charge is still on its way.
    if (isUnsettled(payment)) {
      await settle(within(deps, tx), payment, { outcome: "captured", reference: news.reference });
    }
    return (await bookForeignRefund(deps, tx, payment.id, refundedAtProvider)) ? "applied" : "nothing-to-do";
  });
}

/** The same, inside a transaction that is under way. */
export const within = (deps: RefundDeps, tx: Transaction): ChargeDeps => ({
  ...deps,
  sql: tx,
  write: (statement) => statement(tx),
  settleCaptured: async (captured) => (await settleCaptured(tx, [captured]))[0],
});

/** False when all that went back is known. */
export async function bookForeignRefund(
  deps: RefundDeps,
  tx: Transaction,
  paymentId: string,
  refundedAtProvider: number,
): Promise<boolean> {
  const payment = await lockById(tx, paymentId);
  const amount = payment === undefined ? 0 : foreignPart(payment, refundedAtProvider);
  if (amount <= 0) return false;
  const reason = "refunded at the provider";
  const refund = {
    id: deps.newId(),
    paymentId,
    amount,
    reason,
    origin: "provider",
    createdAt: deps.now(),
  } as const;
  await insertForeignRefund(tx, refund);
  await bookRefund(deps, tx, refund, paymentId, null);
  return true;
}

/** What the provider sent back beyond what we asked for; refunds of ours that are under way count as asked for. */
export const foreignPart = ({ refunded, refunding }: Payment, refundedAtProvider: number): number =>
  refundedAtProvider - refunded - refunding;

/** Another charge or another amount for a known order is never booked: a person has to look at it. */
export function isOf(
  { log }: Pick<RefundDeps, "log">,
  payment: Payment,
  { reference, amount, currency }: ChargeNews,
): boolean {
  const { orderId } = payment;
  if (payment.userId === null) {
    log.error({ orderId, reference }, "a webhook tells of a charge for an order that was never charged");
    return false;
  }
  // What waits at PayPal is known by its order there, and by its capture from then on.
  const isKnown = payment.reference !== null && (payment.gateway === "stripe" || !isUnsettled(payment));
  if (isKnown && payment.reference !== reference) {
    log.error({ orderId, reference, booked: payment.reference }, "a webhook tells of a second charge");
    return false;
  }
  if (payment.amount !== amount || payment.currency !== currency.toUpperCase()) {
    log.error({ orderId, reference, amount, currency }, "a webhook tells of another amount");
    return false;
  }
  return true;
}
