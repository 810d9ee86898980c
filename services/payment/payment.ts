import type { Money } from "#mesh/money";
import type { CaptureMode, GatewayName } from "./payment-gateway.ts";

export type PaymentStatus =
  | "initiated"
  | "unknown"
  | "requires-action"
  | "authorized"
  | "captured"
  | "declined"
  | "cancelled"
  | "refunded";

/** A buyer's demand at the bank: undecided, in our favour, in the buyer's. */
export type DisputeStatus = "open" | "won" | "lost";

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
  readonly dispute: DisputeStatus | null;
  /** What the bank took for a dispute and has not given back. */
  readonly withdrawn: number;
  readonly gateway: GatewayName;
  /** `asked`: held money is to be taken. */
  readonly capture: CaptureMode | "asked";
  /** What pays, by the provider's name for it; sealed. */
  readonly cardToken: string | null;
  readonly reference: string | null;
  /** Where the buyer has to go to agree; sealed. */
  readonly nextActionUrl: string | null;
  readonly actionExpiresAt: Date | null;
  readonly declineCode: string | null;
  readonly declineDetail: string | null;
  readonly cancelReason: string | null;
  readonly attempts: number;
  readonly createdAt: Date;
}

/** What the buyer pays with: the provider's name for a card, or the PayPal order that the buyer approved. */
export interface PaymentMethod {
  readonly type: "card" | "paypal";
  readonly token: string;
}

/** A charge that an order asks for. */
export interface ChargeRequest {
  readonly orderId: string;
  readonly userId: string;
  readonly amount: Money;
  readonly method: PaymentMethod;
}

export const gatewayOfMethod = { card: "stripe", paypal: "paypal" } as const satisfies Record<
  PaymentMethod["type"],
  GatewayName
>;

/** Where an order's payment stands, as the one who asks for the charge has to know it. */
export type Standing =
  | { readonly standing: "captured" | "authorized" | "requires-action"; readonly payment: Payment }
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
    case "authorized":
    case "requires-action":
      return { standing: payment.status, payment };
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

/** Nothing is known of the provider's answer yet. */
export const isOpen = ({ status }: Pick<Payment, "status">): boolean =>
  status === "initiated" || status === "unknown";

/** Nothing is decided yet, whether or not the provider answered. */
export const isUnsettled = (payment: Pick<Payment, "status">): boolean =>
  isOpen(payment) || payment.status === "requires-action" || payment.status === "authorized";

/** Whether a repeated request is the one that the payment was made for. @param token of the payment, opened */
export function isSameCharge(payment: Payment, token: string, request: ChargeRequest): boolean {
  return (
    payment.userId === request.userId &&
    payment.amount === request.amount.amount &&
    payment.currency === request.amount.currency &&
    payment.gateway === gatewayOfMethod[request.method.type] &&
    token === request.method.token
  );
}

export type RefundRefusal =
  | { readonly refused: "nothing-captured" | "disputed" }
  | { readonly refused: "currency-differs"; readonly currency: string }
  | { readonly refused: "above-captured"; readonly left: Money };

/** Money can go back only in the currency it came in, and never more than what is left of it. */
export function refuseRefund(payment: Payment, amount: Money): RefundRefusal | undefined {
  if (payment.status !== "captured" && payment.status !== "refunded") return { refused: "nothing-captured" };
  if (isDisputed(payment)) return { refused: "disputed" };
  const { currency } = payment;
  if (amount.currency !== currency) return { refused: "currency-differs", currency };
  const left = leftToRefund(payment);
  return amount.amount > left ? { refused: "above-captured", left: { amount: left, currency } } : undefined;
}

/** The bank has the last word over the money, or had it. */
export const isDisputed = ({ dispute }: Pick<Payment, "dispute">): boolean =>
  dispute === "open" || dispute === "lost";

/** Minor units that were captured and neither went back, nor are on their way, nor were taken by the bank. */
export const leftToRefund = ({ amount, refunded, refunding, withdrawn }: Payment): number =>
  Math.max(amount - refunded - refunding - withdrawn, 0);

/** Milliseconds until the provider is asked again: × 1.5 each time from 2 s, at most 30 s. */
export const nextAttemptAfterMs = (attempts: number): number => Math.min(2_000 * 1.5 ** attempts, 30_000);
