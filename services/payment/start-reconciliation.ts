import { startBackgroundWork } from "./background-work.ts";
import type { PaymentConfig } from "./config.ts";
import type { PaymentGateway } from "./payment-gateway.ts";
import { type Reconciliation, reconcile } from "./reconcile.ts";
import { claimRun, endRun } from "./reconciliation-store.ts";
import type { RefundDeps } from "./send-refund.ts";

const lookEveryMs = 60_000;
const minuteMs = 60_000;
/** What is this young may be on its way into our books at this moment. */
const youngestMs = 2 * 60_000;

/** The time that a run looks at: so many hours up to two minutes ago. */
export function windowBefore(now: Date, hours: number): { from: Date; to: Date } {
  const to = new Date(now.getTime() - youngestMs);
  return { from: new Date(to.getTime() - hours * 60 * 60 * 1000), to };
}

/** Compares the books of every provider in turn with ours, in one process at a time, until stopped. */
export function startReconciliation(
  deps: RefundDeps,
  { reconcileMinutes, reconcileHours }: Pick<PaymentConfig, "reconcileMinutes" | "reconcileHours">,
): { stop(): Promise<void> } {
  return startBackgroundWork({
    name: "reconcile payments",
    everyMs: Math.min(lookEveryMs, reconcileMinutes * minuteMs),
    log: deps.log,
    async work() {
      for (const gateway of configuredGateways(deps)) {
        if (!(await claimRun(deps.sql, gateway.name, reconcileMinutes))) continue;
        const result = await reconcile(deps, gateway, windowBefore(deps.now(), reconcileHours));
        await endRun(deps.sql, gateway.name, result);
        deps.log.info(told(gateway, result), "payments are reconciled");
      }
    },
  });
}

export const configuredGateways = ({ gateways }: Pick<RefundDeps, "gateways">): PaymentGateway[] =>
  [gateways.stripe, gateways.paypal].filter((each) => each !== undefined);

const told = (
  { name }: PaymentGateway,
  { charges, refunds, disputes, repairs, findings }: Reconciliation,
) => ({
  gateway: name,
  charges,
  refunds,
  disputes,
  repairs,
  findings: findings.length,
});
