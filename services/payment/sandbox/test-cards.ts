import type { StripeErrorBody } from "./stripe-error.ts";

/** How a test payment method behaves when it is confirmed. Times are milliseconds. */
export interface TestCard {
  readonly outcome: "succeeds" | "declines" | "requires-action";
  readonly decline?: Pick<StripeErrorBody, "code" | "decline_code" | "message">;
  /** The card is charged, and the first call never gets its answer. */
  readonly hangs?: true;
  /** The answer comes this much later. */
  readonly answersAfter?: number;
  /** The webhook comes this much later than usual. */
  readonly webhookAfter?: number;
  /** The buyer goes to the bank at once. */
  readonly disputes?: true;
  /** Nobody is told of what becomes of a dispute. */
  readonly untold?: true;
  /** A refund counts as done, and comes back later; `once`: only the first one. */
  readonly refundsFail?: "always" | "once";
  /** How often the same event is delivered. */
  readonly deliveries?: number;
}

const succeeds: TestCard = { outcome: "succeeds" };
const declines = (code: string, decline_code: string | undefined, message: string): TestCard => ({
  outcome: "declines",
  decline: { code, message, ...(decline_code === undefined ? {} : { decline_code }) },
});
const declined = (declineCode: string, message = "Your card was declined.") =>
  declines("card_declined", declineCode, message);

const brands = [
  "visa",
  "visa_debit",
  "mastercard",
  "mastercard_debit",
  "mastercard_prepaid",
  "amex",
  "discover",
  "diners",
  "jcb",
  "unionpay",
];

// https://docs.stripe.com/testing names the declining ones both with and without `visa_`.
const declining: Record<string, TestCard> = {
  chargeDeclined: declined("generic_decline"),
  chargeDeclinedInsufficientFunds: declined("insufficient_funds", "Your card has insufficient funds."),
  chargeDeclinedLostCard: declined("lost_card"),
  chargeDeclinedStolenCard: declined("stolen_card"),
  chargeDeclinedFraudulent: declined("fraudulent"),
  chargeDeclinedVelocityLimitExceeded: declined(
    "card_velocity_exceeded",
    "Your card was declined for making repeated attempts too frequently.",
  ),
  chargeDeclinedExpiredCard: declines("expired_card", "expired_card", "Your card has expired."),
  chargeDeclinedIncorrectCvc: declines(
    "incorrect_cvc",
    "incorrect_cvc",
    "Your card's security code is incorrect.",
  ),
  chargeDeclinedProcessingError: declines(
    "processing_error",
    "processing_error",
    "An error occurred while processing your card. Try again in a little bit.",
  ),
};

/** Every payment method the sandbox knows, by name. Those of Stripe's own test mode, and `pm_sandbox_…`. */
export const testCards: ReadonlyMap<string, TestCard> = new Map<string, TestCard>([
  ...brands.map((brand) => [`pm_card_${brand}`, succeeds] as const),
  ...Object.entries(declining).flatMap(([name, card]) => [
    [`pm_card_${name}`, card] as const,
    [`pm_card_visa_${name}`, card] as const,
  ]),
  ["pm_card_authenticationRequired", { outcome: "requires-action" }],
  ["pm_card_threeDSecure2Required", { outcome: "requires-action" }],
  ["pm_card_createDispute", { outcome: "succeeds", disputes: true }],
  ["pm_card_refundFail", { outcome: "succeeds", refundsFail: "always" }],
  ["pm_sandbox_refundFailsOnce", { outcome: "succeeds", refundsFail: "once" }],
  ["pm_sandbox_untoldDispute", { outcome: "succeeds", disputes: true, untold: true }],
  ["pm_sandbox_timeoutAfterCharging", { outcome: "succeeds", hangs: true }],
  ["pm_sandbox_slow", { outcome: "succeeds", answersAfter: 2_500 }],
  ["pm_sandbox_lateWebhook", { outcome: "succeeds", webhookAfter: 10_000 }],
  ["pm_sandbox_duplicateWebhook", { outcome: "succeeds", deliveries: 3 }],
]);
