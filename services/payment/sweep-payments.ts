import { startBackgroundWork } from "./background-work.ts";
import { finishCancellation } from "./cancel-payment.ts";
import { askProvider } from "./charge-payment.ts";
import { isUnsettled, nextAttemptAfterMs, type Payment } from "./payment.ts";
import { claimDue, releaseCancellation } from "./payment-store.ts";
import { deleteOldEvents } from "./provider-event-store.ts";
import { claimDueRefunds, forgetOldKeys } from "./refund-store.ts";
import { sealAuditLog } from "./seal-audit-log.ts";
import { type RefundDeps, sendRefund } from "./send-refund.ts";
import { takeWaitingNews } from "./take-news.ts";

const atOnce = 20;
const everyMs = 2_000;
/** A cancellation that still keeps money after so many attempts needs a person, and hurry helps no more. */
const quickAttempts = 20;
const slowlyMs = 15 * 60 * 1000;
const pruneEveryMs = 60 * 60 * 1000;

/**
 * Takes up what was left in the middle: charges and refunds whose outcome is unknown, or whose process died, and
 * cancellations that still have money to send back. Any number of processes may sweep at once.
 */
export async function sweepPayments(deps: RefundDeps): Promise<number> {
  const payments = await claimDue(deps.sql, atOnce);
  const refunds = await claimDueRefunds(deps.sql, atOnce);
  const work = [
    ...payments.map(async (payment) => sweepPayment(deps, payment)),
    ...refunds.map(async (refund) => sendRefund(deps, refund)),
  ];
  for (const result of await Promise.allSettled(work)) {
    if (result.status === "rejected") deps.log.error({ err: result.reason }, "sweeping a payment failed");
  }
  return work.length;
}

async function sweepPayment(deps: RefundDeps, payment: Payment): Promise<void> {
  if (payment.cancelReason === null) {
    if (isUnsettled(payment)) await askProvider(deps, payment);
    else await releaseCancellation(deps.sql, payment.id, null);
    return;
  }
  const done = await finishCancellation(deps, payment);
  const afterMs = payment.attempts > quickAttempts ? slowlyMs : nextAttemptAfterMs(payment.attempts);
  await releaseCancellation(deps.sql, payment.id, done === "processing" ? afterMs : null);
}

/** Sweeps, takes up news that waits and seals the audit log every two seconds until stopped; `stop` waits for what is under way. */
export function startSweep(deps: RefundDeps): { stop(): Promise<void> } {
  let prunedAt = deps.now().getTime();
  return startBackgroundWork({
    name: "sweep payments",
    everyMs,
    log: deps.log,
    async work() {
      await sweepPayments(deps);
      await takeWaitingNews(deps);
      await sealAuditLog(deps.sql);
      if (deps.now().getTime() - prunedAt < pruneEveryMs) return;
      prunedAt = deps.now().getTime();
      await deleteOldEvents(deps.sql);
      await forgetOldKeys(deps.sql);
    },
  });
}
