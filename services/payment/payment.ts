import type { Money } from "#mesh/money";

export type PaymentStatus = "initiated" | "unknown" | "captured" | "declined" | "cancelled" | "refunded";

/** What an order owes and how far that is paid. Amounts in minor units of `currency`. */
export interface Payment {
  readonly id: string;
  readonly orderId: string;
  /** Null in the tombstone of an order that was cancelled before anything was charged. */
  readonly userId: string | null;
  readonly status: PaymentStatus;
  readonly amount: number;
  readonly currency: string;
  readonly refunded: number;
  /** What is being sent back and not confirmed yet. */
  readonly refunding: number;
  readonly gateway: string;
  readonly cardToken: string | null;
  readonly reference: string | null;
  readonly declineCode: string | null;
  readonly declineDetail: string | null;
  readonly cancelReason: string | null;
  readonly attempts: number;
  readonly createdAt: Date;
}

/** A charge that an order asks for. */
export interface ChargeRequest {
  readonly orderId: string;
  readonly userId: string;
  readonly amount: Money;
  readonly cardToken: string;
}

/** Where an order's payment stands, as the one who asks for the charge has to know it. */
export type Standing =
  | { readonly standing: "captured"; readonly payment: Payment }
  | { readonly standing: "declined"; readonly code: string; readonly detail: string }
  | { readonly standing: "open" }
  | { readonly standing: "cancelled" };

/**
 * A payment that is cancelled, or about to be, or gone back as a whole, is never "captured": an order must not be
 * confirmed on money that does not stay.
 */
export function standingOf(payment: Payment): Standing {
  if (payment.cancelReason !== null) return { standing: "cancelled" };
  switch (payment.status) {
    case "captured":
      return { standing: "captured", payment };
    case "declined":
      return {
        standing: "declined",
        code: payment.declineCode ?? "generic_decline",
        detail: payment.declineDetail ?? "The card was declined",
      };
    case "initiated":
    case "unknown":
      return { standing: "open" };
    case "cancelled":
    case "refunded":
      return { standing: "cancelled" };
  }
}

/** Whether a repeated request is the one that the payment was made for. */
export function isSameCharge(payment: Payment, request: ChargeRequest): boolean {
  return (
    payment.userId === request.userId &&
    payment.amount === request.amount.amount &&
    payment.currency === request.amount.currency &&
    payment.cardToken === request.cardToken
  );
}

export type RefundRefusal =
  | { readonly refused: "nothing-captured" }
  | { readonly refused: "currency-differs"; readonly currency: string }
  | { readonly refused: "above-captured"; readonly left: Money };

/** Money can go back only in the currency it came in, and never more than what is left of it. */
export function refuseRefund(payment: Payment, amount: Money): RefundRefusal | undefined {
  if (payment.status !== "captured" && payment.status !== "refunded") return { refused: "nothing-captured" };
  const { currency } = payment;
  if (amount.currency !== currency) return { refused: "currency-differs", currency };
  const left = leftToRefund(payment);
  return amount.amount > left ? { refused: "above-captured", left: { amount: left, currency } } : undefined;
}

/** Minor units that were captured and neither went back nor are on their way. */
export const leftToRefund = ({ amount, refunded, refunding }: Payment): number =>
  amount - refunded - refunding;

/** Milliseconds until the provider is asked again: × 1.5 each time from 2 s, at most 30 s. */
export const nextAttemptAfterMs = (attempts: number): number => Math.min(2_000 * 1.5 ** attempts, 30_000);

/**
 * How long the provider surely remembers an idempotency key. Stripe forgets after 24 h, and a forgotten key charges
 * a second time; from here on the charge is looked for instead.
 */
export const keyTrustedForMs = 20 * 60 * 60 * 1000;
