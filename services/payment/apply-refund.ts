import type { Transaction } from "#mesh/postgres/sql";
import { type ChargeNews, isOf, type WebhookResult, within } from "./apply-event.ts";
import { tokenOf } from "./charge-payment.ts";
import { isUnsettled, type Payment } from "./payment.ts";
import { type ChargeTotals, gatewayNamed } from "./payment-gateway.ts";
import { lockById } from "./payment-store.ts";
import { claimProviderEvent } from "./provider-event-store.ts";
import { knownCharge } from "./provider-outcome.ts";
import { countFailedRefunds, insertForeignRefund, isRefundKnown } from "./refund-store.ts";
import { takenFrom } from "./reversal-store.ts";
import { bookRefund, type RefundDeps } from "./send-refund.ts";
import { settle } from "./settle-charge.ts";

/**
 * Books what went back without our asking, such as a refund made in the provider's dashboard. The event says how much that
 * was at its time; a refund may have failed since, so that the provider is asked how much it is now.
 * @param refundedAtProvider all that went back of the charge, in minor units
 * @param refund that the event is of, where it tells
 */
export async function applyRefund(
  deps: RefundDeps,
  payment: Payment,
  news: ChargeNews,
  refundedAtProvider: number,
  refund: RefundSeen = { reference: null, amount: Number.POSITIVE_INFINITY },
): Promise<WebhookResult> {
  if (!isOf(deps, payment, news)) return "not-ours";
  if (refundedAtProvider <= payment.refunded) return "nothing-to-do";
  // Of what is under way from here nobody knows yet whether it is the one that the event tells of.
  if (foreignPart(payment, refundedAtProvider) <= 0) return "waits";
  const seen = await refundsNow(deps, { ...payment, reference: news.reference });
  if (seen === undefined) return "waits";
  return await deps.transaction(async (tx) => {
    // A refund proves the charge, even when the news of the charge is still on its way.
    if (isUnsettled(payment)) {
      await settle(within(deps, tx), payment, { outcome: "captured", reference: news.reference });
    }
    const booked = await bookForeignRefund(deps, tx, payment.id, seen, refund);
    if (booked === "changed") return "waits";
    const isFirst = await claimProviderEvent(tx, payment.gateway, news.eventId, news.type);
    return isFirst && booked === "booked" ? "applied" : "nothing-to-do";
  });
}

/** One refund at the provider; `reference` is the provider's id, null where only its sum is known. */
export interface RefundSeen {
  readonly reference: string | null;
  readonly amount: number;
}

/** What the provider has of a charge, and how many of its refunds had failed when it was asked. */
export interface RefundsSeen {
  readonly totals: ChargeTotals;
  readonly failed: number;
}

/** Undefined when the provider knows no such charge. @throws ProviderSilent */
export async function refundsNow(deps: RefundDeps, payment: Payment): Promise<RefundsSeen | undefined> {
  const failed = await countFailedRefunds(deps.sql, payment.id);
  const gateway = gatewayNamed(deps.gateways, payment.gateway);
  const totals = await gateway.totals(knownCharge(payment, tokenOf(deps, payment)));
  return totals && { totals, failed };
}

/**
 * Books what went back beyond what is known here: `nothing` when that is all. `changed` when a refund failed since the
 * provider was asked: what it said then may count that one.
 * Of a refund that is named nothing else is booked: the rest may be others, or be no refunds.
 */
export async function bookForeignRefund(
  deps: RefundDeps,
  tx: Transaction,
  paymentId: string,
  { totals, failed }: RefundsSeen,
  { reference, amount: atMost }: RefundSeen,
): Promise<"booked" | "nothing" | "changed"> {
  const payment = await lockById(tx, paymentId);
  if ((await countFailedRefunds(tx, paymentId)) !== failed) return "changed";
  const taken = totals.countsTaken ? await takenFrom(tx, paymentId) : 0;
  const all = payment === undefined ? 0 : foreignPart(payment, totals.refunded - taken);
  const amount = Math.min(all, atMost);
  if (amount <= 0) return "nothing";
  if (reference !== null && (await isRefundKnown(tx, paymentId, reference))) return "nothing";
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
  await bookRefund(deps, tx, refund, paymentId, reference);
  return "booked";
}

/** What the provider sent back beyond what we asked for; refunds of ours that are under way count as asked for. */
const foreignPart = ({ refunded, refunding }: Payment, refundedAtProvider: number): number =>
  refundedAtProvider - refunded - refunding;
