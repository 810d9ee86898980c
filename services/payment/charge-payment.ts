import { createHash } from "node:crypto";
import { crashPoint } from "#mesh/crash-point";
import type { Reader } from "#mesh/postgres/sql";
import type { Log } from "#observability/log";
import { observeWork } from "#observability/metrics";
import { inSpan } from "#observability/trace/in-span";
import type { Keyring } from "./keyring.ts";
import {
  type ChargeRequest,
  gatewayOfMethod,
  isSameCharge,
  type Payment,
  type PaymentMethod,
  type Standing,
  standingOf,
} from "./payment.ts";
import { tell } from "./payment-event.ts";
import type { CaptureMode, Gateways } from "./payment-gateway.ts";
import type { PaymentMetrics } from "./payment-metrics.ts";
import { claimOpen, findByOrder, type NewCharge } from "./payment-store.ts";
import { outcomeAtProvider } from "./provider-outcome.ts";
import { openColumn, placeOf } from "./sealed-columns.ts";
import { settle, standingNow } from "./settle-charge.ts";
import type { Booked, Captured } from "./settle-store.ts";
import type { SettledCharges } from "./settled-charges.ts";

export interface ChargeDeps {
  readonly sql: Reader;
  /** Runs one statement that has its events in it, in a transaction of its own or in the one around. */
  readonly write: <T>(statement: (sql: Reader) => Promise<T>) => Promise<T>;
  /** As `insertCharges`, together with others that come at the same time. */
  readonly insertCharge: (charge: NewCharge) => Promise<boolean>;
  /** As `settleCaptured`, together with others that come at the same time, or in the transaction around. */
  readonly settleCaptured: (captured: Captured) => Promise<Booked | undefined>;
  readonly gateways: Gateways;
  readonly keyring: Keyring;
  readonly policy: ChargePolicy;
  readonly settled: SettledCharges;
  readonly metrics: PaymentMetrics;
  readonly log: Log;
  readonly now: () => Date;
  readonly newId: () => string;
}

export interface ChargePolicy {
  readonly capture: CaptureMode;
  /** How long the buyer has to agree at the bank or at PayPal. */
  readonly actionMinutes: number;
  /** When a cancellation sends a refund anew that came back. */
  readonly refundAgainMinutes: number;
}

export type ChargeResult = Standing | { readonly standing: "differs" | "method-unavailable" };

const approvalUsed: Standing = {
  standing: "declined",
  code: "approval_used",
  detail: "This PayPal order was used to pay for another order",
};

/**
 * Charges an order, once: the order's row is there before the provider is asked, whoever asks holds the row, and the
 * provider knows the order id as its idempotency key. `open` means ask again: the outcome is not known yet.
 */
export function chargePayment(deps: ChargeDeps, request: ChargeRequest): Promise<ChargeResult> {
  const { orderId, method } = request;
  const attributes = { "order.id": orderId, "payment.operation": "charge", "payment.method": method.type };
  return inSpan("payment-processing", { attributes }, async (span) => {
    const result = await charge(deps, request);
    span.setAttribute("payment.standing", result.standing);
    return result;
  });
}

async function charge(deps: ChargeDeps, request: ChargeRequest): Promise<ChargeResult> {
  const { sql, gateways } = deps;
  const { method, orderId } = request;
  if (gateways[gatewayOfMethod[method.type]] === undefined) return { standing: "method-unavailable" };
  const payment = newPayment(deps, request);
  const told = tell(deps, payment, "ecotrack.payment.initiated.v1", "charge-asked", {});
  // Not through `write`: the event of what comes of it follows at once and wakes the relay for both.
  crashPoint("charge-record:before");
  if (await deps.insertCharge({ payment, approval: approvalOf(method), told })) {
    crashPoint("charge-record:after");
    return await askProvider(deps, payment, method.token);
  }
  const known = await findByOrder(sql, orderId);
  if (known === undefined && method.type === "paypal") return approvalUsed;
  if (known === undefined) throw new Error(`Order ${orderId} has a payment that cannot be found`);
  if (known.userId !== null && !isSameCharge(known, tokenOf(deps, known), request)) {
    return { standing: "differs" };
  }
  const standing = standingOf(known);
  if (standing.standing !== "open") return standing;
  const claimed = await claimOpen(sql, orderId);
  return claimed === undefined ? await standingNow(deps, known) : await askProvider(deps, claimed);
}

/** Asks the provider for a payment that the caller holds, and records what it says. */
export async function askProvider(
  deps: ChargeDeps,
  payment: Payment,
  token = tokenOf(deps, payment),
): Promise<Standing> {
  const began = performance.now();
  crashPoint("provider-call:before");
  const outcome = await outcomeAtProvider(deps, payment, token);
  crashPoint("provider-call:after");
  const seconds = (performance.now() - began) / 1000;
  observeWork(deps.metrics.duration, { gateway: payment.gateway }, seconds);
  crashPoint("charge-book:before");
  const standing = await settle(deps, payment, outcome);
  crashPoint("charge-book:after");
  if (outcome.outcome === "captured") deps.settled.add(outcome.reference);
  return standing;
}

/** What pays, as the provider names it. */
export const tokenOf = ({ keyring }: Pick<ChargeDeps, "keyring">, { id, cardToken }: Payment): string =>
  cardToken === null ? "" : openColumn(keyring, id, "card_token", cardToken);

/** A card's token may pay again and again; what a buyer approved at PayPal pays once. */
const approvalOf = ({ type, token }: PaymentMethod): Uint8Array | null =>
  type === "paypal" ? createHash("sha256").update(token).digest() : null;

function newPayment({ newId, now, keyring, policy }: ChargeDeps, request: ChargeRequest): Payment {
  const id = newId();
  return {
    id,
    orderId: request.orderId,
    userId: request.userId,
    status: "initiated",
    amount: request.amount.amount,
    currency: request.amount.currency,
    refunded: 0,
    refunding: 0,
    dispute: null,
    withdrawn: 0,
    gateway: gatewayOfMethod[request.method.type],
    capture: policy.capture,
    cardToken: keyring.seal(request.method.token, placeOf(id, "card_token")),
    reference: null,
    nextActionUrl: null,
    actionExpiresAt: null,
    declineCode: null,
    declineDetail: null,
    cancelReason: null,
    attempts: 1,
    createdAt: now(),
  };
}
