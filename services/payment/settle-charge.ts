import type { ChargeDeps } from "./charge-payment.ts";
import { nextAttemptAfterMs, type Payment, type Standing, standingOf } from "./payment.ts";
import { tell } from "./payment-event.ts";
import type { ChargeOutcome } from "./payment-gateway.ts";
import { findByOrder } from "./payment-store.ts";
import { placeOf } from "./sealed-columns.ts";
import {
  releaseUnknown,
  releaseWaiting,
  settleActionRequired,
  settleAuthorized,
  settleDeclined,
} from "./settle-store.ts";

/** Webhooks bring the buyer's answer at once; this is for the one that got lost. */
const askBuyerAgainAfterMs = 10_000;
/** Banks hold money for seven days. */
const authorizationMs = 6 * 24 * 60 * 60 * 1000;

type Outcome<O extends ChargeOutcome["outcome"]> = Extract<ChargeOutcome, { outcome: O }>;

/** Records an outcome, whoever brought it: the answer to a call, the sweep, a webhook or the reconciliation. */
export async function settle(deps: ChargeDeps, payment: Payment, outcome: ChargeOutcome): Promise<Standing> {
  switch (outcome.outcome) {
    case "captured":
      return await settleAsCaptured(deps, payment, outcome);
    case "declined":
      return await settleAsDeclined(deps, payment, outcome);
    case "requires-action":
      return await settleAsWaiting(deps, payment, outcome);
    case "authorized":
      return await settleAsHeld(deps, payment, outcome);
    case "unknown": {
      const { orderId, attempts, gateway } = payment;
      deps.metrics.total.inc({ gateway, outcome: "unknown" });
      deps.log.warn({ orderId, reason: outcome.reason, attempts }, "outcome of a charge is unknown");
      await releaseUnknown(deps.sql, orderId, nextAttemptAfterMs(attempts));
      return await standingNow(deps, payment);
    }
  }
}

/** Where the payment stands in the store, after somebody else may have moved it. */
export async function standingNow({ sql }: Pick<ChargeDeps, "sql">, { orderId }: Payment): Promise<Standing> {
  const found = await findByOrder(sql, orderId);
  return found === undefined ? { standing: "open" } : standingOf(found);
}

async function settleAsCaptured(
  deps: ChargeDeps,
  payment: Payment,
  { reference, payer }: Outcome<"captured">,
): Promise<Standing> {
  const { gateway, orderId, id } = payment;
  const paid = { ...payment, status: "captured" as const, reference };
  const told = tell(deps, paid, "ecotrack.payment.processed.v1", "charge-captured", {});
  const sealed = payer === undefined ? null : deps.keyring.seal(payer, placeOf(id, "payer_reference"));
  const booked = await deps.settleCaptured({ orderId, reference, payer: sealed, told });
  if (booked === undefined) return await standingNow(deps, payment);
  deps.metrics.total.inc({ gateway, outcome: "captured" });
  return standingOf({ ...paid, ...booked });
}

async function settleAsDeclined(
  deps: ChargeDeps,
  payment: Payment,
  outcome: Outcome<"declined">,
): Promise<Standing> {
  const { gateway, orderId } = payment;
  const { code, detail, reference } = outcome;
  const told = tell(
    deps,
    { ...payment, reference: reference ?? payment.reference },
    "ecotrack.payment.failed.v1",
    "charge-declined",
    { reason: code },
  );
  if (!(await deps.write((sql) => settleDeclined(sql, orderId, outcome, told)))) {
    return await standingNow(deps, payment);
  }
  deps.metrics.total.inc({ gateway, outcome: "declined" });
  deps.log.info({ orderId, code }, "a charge is declined");
  return standingOf({ ...payment, status: "declined", declineCode: code, declineDetail: detail });
}

async function settleAsWaiting(
  deps: ChargeDeps,
  payment: Payment,
  { reference, url }: Outcome<"requires-action">,
): Promise<Standing> {
  const { orderId, id, gateway } = payment;
  if (payment.status === "requires-action") {
    await releaseWaiting(deps.sql, orderId, askBuyerAgainAfterMs);
    return await standingNow(deps, payment);
  }
  const expiresAt =
    payment.actionExpiresAt ?? new Date(deps.now().getTime() + deps.policy.actionMinutes * 60_000);
  const told = tell(
    deps,
    { ...payment, reference },
    "ecotrack.payment.action-required.v1",
    "charge-action-required",
    { expiresAt: expiresAt.toISOString() },
  );
  const sealed = deps.keyring.seal(url, placeOf(id, "next_action_url"));
  const required = { reference, url: sealed, expiresAt, askAgainAfterMs: askBuyerAgainAfterMs };
  if (await deps.write((sql) => settleActionRequired(sql, orderId, required, told))) {
    deps.metrics.total.inc({ gateway, outcome: "requires-action" });
  }
  return await standingNow(deps, payment);
}

async function settleAsHeld(
  deps: ChargeDeps,
  payment: Payment,
  { reference }: Outcome<"authorized">,
): Promise<Standing> {
  const { orderId, gateway, actionExpiresAt } = payment;
  if (payment.status === "authorized") {
    const left = (actionExpiresAt?.getTime() ?? 0) - deps.now().getTime();
    const asked = payment.capture === "asked";
    const afterMs = asked ? nextAttemptAfterMs(payment.attempts) : Math.max(left, 0);
    await releaseWaiting(deps.sql, orderId, afterMs);
    return await standingNow(deps, payment);
  }
  const held = { ...payment, reference };
  const told = tell(deps, held, "ecotrack.payment.authorized.v1", "charge-authorized", {});
  const authorization = { reference, expiresAfterMs: authorizationMs };
  if (await deps.write((sql) => settleAuthorized(sql, orderId, authorization, told))) {
    deps.metrics.total.inc({ gateway, outcome: "authorized" });
  }
  return await standingNow(deps, payment);
}
