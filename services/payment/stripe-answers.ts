import Stripe from "stripe";
import type { ChargeOutcome, RefundOutcome } from "./payment-gateway.ts";

// Whatever stands between us and the provider may answer JSON too, and the client hands on any that has no `error`:
// so nothing but what is known to be final counts as final.

/** What an intent says of the charge. */
export function outcomeOf(intent: Stripe.PaymentIntent): ChargeOutcome {
  const { id, status, last_payment_error: failure, next_action: action } = intent;
  if (status === "succeeded") return { outcome: "captured", reference: id };
  if (status === "requires_capture") return { outcome: "authorized", reference: id };
  const url = action?.redirect_to_url?.url;
  if (status === "requires_action" && url) return { outcome: "requires-action", reference: id, url };
  if (!notPaid.has(status)) return { outcome: "unknown", reason: `intent-${status}` };
  return {
    outcome: "declined",
    reference: id,
    code: failure?.decline_code ?? failure?.code ?? status,
    detail: failure?.message ?? "The payment was not completed",
  };
}

const notPaid: ReadonlySet<string> = new Set<Stripe.PaymentIntent.Status>([
  "canceled",
  "requires_action",
  "requires_confirmation",
  "requires_payment_method",
]);

/** `pending` is a card refund that was accepted and is still on its way to the bank. */
export function refundOutcome({ id, status, failure_reason }: Stripe.Refund): RefundOutcome {
  if (status === "succeeded" || status === "pending") return { outcome: "succeeded", reference: id };
  if (status === "failed" || status === "canceled") {
    return { outcome: "refused", code: failure_reason ?? status };
  }
  return { outcome: "unknown", reason: `refund-${status}` };
}

export function chargeRefusal(error: unknown): ChargeOutcome {
  if (!isFinal(error)) return { outcome: "unknown", reason: reasonOf(error) };
  return {
    outcome: "declined",
    reference: error.payment_intent?.id ?? null,
    code: error.decline_code ?? error.code ?? error.type,
    // Only what the provider says of the card is meant for the one who pays.
    detail: error instanceof Stripe.errors.StripeCardError ? error.message : "The payment was not accepted",
  };
}

/**
 * Whether an answer says for sure that nothing was done. Not so: no answer, a conflict with a call under way, a
 * key used for something else, too many requests, a key of ours that is refused, and every fault of the provider.
 */
export function isFinal(error: unknown): error is Stripe.errors.StripeError {
  if (!(error instanceof Stripe.errors.StripeError)) return false;
  if (error instanceof Stripe.errors.StripeIdempotencyError) return false;
  return error.statusCode === 400 || error.statusCode === 402 || error.statusCode === 404;
}

export function reasonOf(error: unknown): string {
  if (!(error instanceof Stripe.errors.StripeError)) return "unreadable-answer";
  return error.statusCode === undefined ? "no-answer" : `status-${error.statusCode}`;
}
