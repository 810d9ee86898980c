import { paymentEvent } from "#mesh/events/payment-events";
import type { Reader } from "#mesh/postgres/sql";
import type { Log } from "#observability/log";
import {
  type ChargeRequest,
  isSameCharge,
  keyTrustedForMs,
  nextAttemptAfterMs,
  type Payment,
  type Standing,
  standingOf,
} from "./payment.ts";
import type { PaymentMetrics } from "./payment-metrics.ts";
import {
  claimOpen,
  findByOrder,
  insertCharge,
  releaseUnknown,
  settleCaptured,
  settleDeclined,
} from "./payment-store.ts";
import type { SettledCharges } from "./settled-charges.ts";
import type { ChargeOutcome, StripeGateway } from "./stripe-gateway.ts";

export interface ChargeDeps {
  readonly sql: Reader;
  readonly stripe: StripeGateway;
  readonly settled: SettledCharges;
  readonly metrics: PaymentMetrics;
  readonly log: Log;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** A provider that failed once may give the same fault for the key for ever: then only looking for the charge tells. */
const repeatsBeforeLooking = 4;

export type ChargeResult = Standing | { readonly standing: "differs" };

/**
 * Charges an order, once: the order's row is there before the provider is asked, whoever asks holds the row, and the
 * provider knows the order id as its idempotency key. `open` means ask again: the outcome is not known yet.
 */
export async function chargePayment(deps: ChargeDeps, request: ChargeRequest): Promise<ChargeResult> {
  const { sql, now, newId } = deps;
  const id = newId();
  const at = now();
  const data = dataOf({ id, ...request });
  const initiated = paymentEvent("ecotrack.payment.initiated.v1", {
    id: newId(),
    subject: id,
    time: at,
    data,
  });
  if (await insertCharge(sql, { ...request, id, createdAt: at, initiated })) {
    return await askProvider(deps, newPayment(id, request, at));
  }
  const known = await findByOrder(sql, request.orderId);
  if (known === undefined) throw new Error(`Order ${request.orderId} has a payment that cannot be found`);
  if (known.userId !== null && !isSameCharge(known, request)) return { standing: "differs" };
  const standing = standingOf(known);
  if (standing.standing !== "open") return standing;
  const claimed = await claimOpen(sql, request.orderId);
  return claimed === undefined ? await standingNow(deps, known) : await askProvider(deps, claimed);
}

/** Asks the provider for a payment that the caller holds, and records what it says. */
export async function askProvider(deps: ChargeDeps, payment: Payment): Promise<Standing> {
  const began = performance.now();
  const outcome = await outcomeAtProvider(deps, payment);
  deps.metrics.duration.observe({ gateway: payment.gateway }, (performance.now() - began) / 1000);
  const standing = await settle(deps, payment, outcome);
  if (outcome.outcome === "captured") deps.settled.add(outcome.reference);
  return standing;
}

async function outcomeAtProvider({ stripe, now }: ChargeDeps, payment: Payment): Promise<ChargeOutcome> {
  const { orderId, amount, currency, cardToken } = payment;
  const age = now().getTime() - payment.createdAt.getTime();
  if (age > keyTrustedForMs) return await stripe.find(orderId);
  const outcome = await stripe.charge({ orderId, amount: { amount, currency }, cardToken: cardToken ?? "" });
  if (outcome.outcome !== "unknown" || payment.attempts <= repeatsBeforeLooking) return outcome;
  const found = await stripe.find(orderId);
  return found.outcome === "captured" ? found : outcome;
}

/** Records an outcome, whoever brought it: the answer to a call, the sweep or a webhook. */
export async function settle(deps: ChargeDeps, payment: Payment, outcome: ChargeOutcome): Promise<Standing> {
  const { sql, metrics, log } = deps;
  const { gateway, orderId } = payment;
  if (outcome.outcome === "captured") {
    const booked = await settleCaptured(sql, orderId, outcome.reference, processedEvent(deps, payment));
    if (booked === undefined) return await standingNow(deps, payment);
    metrics.total.inc({ gateway, outcome: "captured" });
    return standingOf({ ...payment, ...booked, status: "captured", reference: outcome.reference });
  }
  if (outcome.outcome === "declined") {
    const { code, detail } = outcome;
    const booked = await settleDeclined(sql, orderId, outcome, failedEvent(deps, payment, code));
    if (!booked) return await standingNow(deps, payment);
    metrics.total.inc({ gateway, outcome: "declined" });
    log.info({ orderId, code }, "a charge is declined");
    return standingOf({ ...payment, status: "declined", declineCode: code, declineDetail: detail });
  }
  metrics.total.inc({ gateway, outcome: "unknown" });
  log.warn({ orderId, reason: outcome.reason, attempts: payment.attempts }, "outcome of a charge is unknown");
  await releaseUnknown(sql, orderId, nextAttemptAfterMs(payment.attempts));
  return await standingNow(deps, payment);
}

/** Where the payment stands in the store, after somebody else may have moved it. */
async function standingNow({ sql }: ChargeDeps, { orderId }: Payment): Promise<Standing> {
  const found = await findByOrder(sql, orderId);
  return found === undefined ? { standing: "open" } : standingOf(found);
}

export function processedEvent({ newId, now }: Pick<ChargeDeps, "newId" | "now">, payment: Payment) {
  const data = dataOf(chargeOf(payment));
  return paymentEvent("ecotrack.payment.processed.v1", {
    id: newId(),
    subject: payment.id,
    time: now(),
    data,
  });
}

export function failedEvent(
  { newId, now }: Pick<ChargeDeps, "newId" | "now">,
  payment: Payment,
  reason: string,
) {
  const data = { ...dataOf(chargeOf(payment)), reason };
  return paymentEvent("ecotrack.payment.failed.v1", { id: newId(), subject: payment.id, time: now(), data });
}

const chargeOf = ({ id, orderId, userId, amount, currency }: Payment) => ({
  id,
  orderId,
  userId: userId ?? "",
  amount: { amount, currency },
});

const dataOf = ({
  id,
  orderId,
  userId,
  amount,
}: Pick<ChargeRequest, "orderId" | "userId" | "amount"> & { id: string }) => ({
  paymentId: id,
  orderId,
  userId,
  amount,
});

const newPayment = (id: string, request: ChargeRequest, createdAt: Date): Payment => ({
  id,
  orderId: request.orderId,
  userId: request.userId,
  status: "initiated",
  amount: request.amount.amount,
  currency: request.amount.currency,
  refunded: 0,
  refunding: 0,
  gateway: "stripe",
  cardToken: request.cardToken,
  reference: null,
  declineCode: null,
  declineDetail: null,
  cancelReason: null,
  attempts: 1,
  createdAt,
});
