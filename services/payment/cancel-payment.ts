import type { Transaction } from "#mesh/postgres/sql";
import { askAboutDisputes } from "./ask-about-disputes.ts";
import { appendAudit, auditEntry } from "./audit-log.ts";
import { askProvider, tokenOf } from "./charge-payment.ts";
import { openDisputes } from "./dispute-store.ts";
import { isOpen, isUnsettled, leftToRefund, nextAttemptAfterMs, type Payment } from "./payment.ts";
import { tell } from "./payment-event.ts";
import { gatewayNamed, ProviderSilent } from "./payment-gateway.ts";
import { claimOpen, findByOrder, lockById, markCancelled } from "./payment-store.ts";
import { knownCharge } from "./provider-outcome.ts";
import type { Refund } from "./refund.ts";
import { refundAsked } from "./refund-audit.ts";
import { holdRefund, insertPendingRefund, lockPendingCancellation } from "./refund-store.ts";
import { type RefundDeps, sendRefund } from "./send-refund.ts";
import { settle } from "./settle-charge.ts";
import { releaseWaiting, settleVoided } from "./settle-store.ts";

/** A payment has one dispute, or the few that a buyer opened of parts of it. */
const askedAtOnce = 10;

/** `processing`: not known yet, ask again. The other three are final. */
export type Cancellation = "none" | "voided" | "refunded" | "processing";

/**
 * Sees to it that an order keeps no money, whatever happened before: nothing yet (a charge that comes later is
 * refused), a charge with an unknown outcome (found out first), a charge that is booked (all that is left goes back).
 * Once called it comes to its end by itself; repeating it only tells how far it is.
 */
export async function cancelPayment(
  deps: RefundDeps,
  { orderId, reason }: { orderId: string; reason: string },
): Promise<Cancellation> {
  const audit = auditEntry(deps.now(), "cancellation-asked", null, { orderId, reason });
  const payment = await markCancelled(deps.sql, { id: deps.newId(), orderId, reason, audit });
  if (!isUnsettled(payment)) return await finishCancellation(deps, payment);
  const claimed = await claimOpen(deps.sql, orderId);
  return claimed === undefined ? "processing" : await finishCancellation(deps, claimed);
}

/** @param payment one that is marked as cancelled; held by the caller while its charge is unsettled */
export async function finishCancellation(deps: RefundDeps, payment: Payment): Promise<Cancellation> {
  switch (payment.status) {
    case "cancelled":
      return payment.reference === null ? "none" : "voided";
    case "declined":
      return "none";
    case "requires-action":
    case "authorized":
      return await letGo(deps, payment);
    case "refunded":
      return "refunded";
    case "captured":
      return await sendRest(deps, payment);
    case "initiated":
    case "unknown": {
      await askProvider(deps, payment);
      const answered = await findByOrder(deps.sql, payment.orderId);
      if (answered === undefined || isOpen(answered)) return "processing";
      if (!isUnsettled(answered)) return await finishCancellation(deps, answered);
      const claimed = await claimOpen(deps.sql, payment.orderId);
      return claimed === undefined ? "processing" : await letGo(deps, claimed);
    }
  }
}

/** Ends what waits for the buyer or is held, at the provider first; too late, and the money goes back instead. */
async function letGo(deps: RefundDeps, payment: Payment): Promise<Cancellation> {
  const { orderId, attempts } = payment;
  const gateway = gatewayNamed(deps.gateways, payment.gateway);
  const known = knownCharge(payment, tokenOf(deps, payment));
  const ended = await gateway.void(known);
  if (ended === "unknown") {
    await releaseWaiting(deps.sql, orderId, nextAttemptAfterMs(attempts));
    return "processing";
  }
  if (ended === "captured") await settle(deps, payment, await gateway.find(known));
  else {
    const told = tell(deps, payment, "ecotrack.payment.failed.v1", "charge-voided", { reason: "cancelled" });
    await deps.write((sql) => settleVoided(sql, orderId, told));
  }
  const after = await findByOrder(deps.sql, orderId);
  if (after === undefined || isUnsettled(after)) return "processing";
  return await finishCancellation(deps, after);
}

async function sendRest(deps: RefundDeps, payment: Payment): Promise<Cancellation> {
  if (payment.dispute === "open" && !(await disputesAsked(deps, payment))) return "processing";
  const rest = await deps.transaction(async (tx) => takeRest(deps, tx, payment));
  if (rest !== undefined) await sendRefund(deps, rest);
  const after = await findByOrder(deps.sql, payment.orderId);
  if (after?.status === "refunded") return "refunded";
  // What the bank gave to the buyer is gone back too.
  const isGone = after?.dispute === "lost" && after.refunding === 0 && leftToRefund(after) === 0;
  return isGone ? "refunded" : "processing";
}

/** The bank decides about the money first, and the news of that may be late or lost. False when nobody can say. */
async function disputesAsked(deps: RefundDeps, { id, gateway }: Payment): Promise<boolean> {
  try {
    const open = await openDisputes(deps.sql, gateway, askedAtOnce, id);
    await askAboutDisputes(deps, gatewayNamed(deps.gateways, gateway), open);
    return true;
  } catch (error) {
    if (!(error instanceof ProviderSilent)) throw error;
    return false;
  }
}

/** The refund of all that is left, held by the caller; undefined when somebody else is at it or nothing is left. */
async function takeRest(
  { newId, now }: RefundDeps,
  tx: Transaction,
  { id: paymentId }: Payment,
): Promise<Refund | undefined> {
  const payment = await lockById(tx, paymentId);
  if (payment === undefined) throw new Error(`Payment ${paymentId} is gone`);
  const begun = await lockPendingCancellation(tx, paymentId);
  if (begun !== undefined) {
    if (begun.isHeld) return undefined;
    await holdRefund(tx, begun.id);
    return begun;
  }
  const amount = leftToRefund(payment);
  if (payment.status !== "captured" || amount === 0) return undefined;
  const reason = payment.cancelReason ?? "cancelled";
  const rest = { id: newId(), paymentId, amount, reason, origin: "cancellation", createdAt: now() } as const;
  await appendAudit(tx, refundAsked(payment, rest));
  return await insertPendingRefund(tx, rest);
}
