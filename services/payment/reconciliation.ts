import { isUnsettled, type Payment } from "./payment.ts";
import type { ProviderMovement } from "./payment-gateway.ts";

export type FindingKind =
  /** Money came in for no payment of ours. */
  | "charge-without-payment"
  /** Another amount or currency than was asked for. */
  | "amount-differs"
  | "second-charge"
  /** Money came in although the payment counts as declined or cancelled here, and it has not gone back. */
  | "charge-of-ended-payment"
  | "refund-without-payment"
  /** We have more booked as sent back than the provider sent. */
  | "refund-missing"
  /** We count a payment as captured, and the provider has no such charge. */
  | "payment-without-charge"
  /** The provider has a dispute, or took a charge back, of which no payment of ours knows. */
  | "dispute-without-payment"
  | "reversal-without-payment"
  /** The provider gave back what it took, and no dispute tells of it. */
  | "return-unbooked";

export interface Finding {
  readonly kind: FindingKind;
  readonly reference: string;
  readonly orderId: string | null;
  readonly detail: string;
  readonly movedAt: Date;
}

export type ChargeMovement = Extract<ProviderMovement, { kind: "charge" }>;
export type RefundMovement = Extract<ProviderMovement, { kind: "refund" }>;
export type ReversalMovement = Extract<ProviderMovement, { kind: "reversal" | "return" }>;

/** `book`: the provider proves a charge that we have not settled. `ask`: only its totals tell. */
export type ChargeVerdict = "agrees" | "book" | "ask" | Finding;

/** What a charge in the provider's list means for our books. */
export function judgeCharge(payment: Payment | undefined, charge: ChargeMovement): ChargeVerdict {
  const { reference, orderId, amount, at } = charge;
  const found = (kind: FindingKind, detail: string): Finding => ({
    kind,
    reference,
    orderId,
    detail,
    movedAt: at,
  });
  const taken = `${amount.amount} ${amount.currency}`;
  if (payment === undefined || payment.userId === null) {
    return found("charge-without-payment", `${taken} were charged, and no payment asked for it`);
  }
  if (payment.amount !== amount.amount || payment.currency !== amount.currency) {
    const asked = `${payment.amount} ${payment.currency}`;
    return found("amount-differs", `${taken} were charged, ${asked} were asked for`);
  }
  if (isUnsettled(payment)) return "book";
  if (payment.status === "declined" || payment.status === "cancelled") return "ask";
  if (payment.reference === reference) return "agrees";
  return found("second-charge", `${taken} were charged again, the payment is ${payment.reference}`);
}
