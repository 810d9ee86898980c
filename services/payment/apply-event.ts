import type { Transaction } from "#mesh/postgres/sql";
import type { ChargeDeps } from "./charge-payment.ts";
import { isUnsettled, type Payment } from "./payment.ts";
import type { ChargeOutcome } from "./payment-gateway.ts";
import { claimProviderEvent } from "./provider-event-store.ts";
import type { RefundDeps } from "./send-refund.ts";
import { settle } from "./settle-charge.ts";
import { settleCaptured } from "./settle-store.ts";

/** `waits`: nobody can tell yet, so that it has to be taken up again. `unknown-type`: a person has to look. */
export type WebhookResult = "applied" | "nothing-to-do" | "not-ours" | "waits" | "malformed" | "unknown-type";

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

/** What applies an event, inside a transaction that is under way. */
export const within = (deps: RefundDeps, tx: Transaction): ChargeDeps => ({
  ...deps,
  sql: tx,
  write: (statement) => statement(tx),
  settleCaptured: async (captured) => (await settleCaptured(tx, [captured]))[0],
});

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
