import type { Order } from "./order.ts";

/** What product-service says of the stock of an order. */
export type ReservationStatus = "held" | "confirmed" | "released" | "expired";

/** What payment-service says of the money of an order, in minor units; `booked` is the balance of its ledger. */
export interface AuditedPayment {
  readonly id: string;
  readonly captured: number;
  readonly refunded: number;
  /** What the bank or PayPal took, for a dispute say: the buyer has it. */
  readonly withdrawn: number;
  readonly booked: number;
  /** What went back because the order was cancelled. */
  readonly undone: number;
  readonly currency: string;
}

/** The names that `invariant_violations_total` has for them. */
export type Invariant =
  | "ledger-balances"
  | "sold-order-has-stock"
  | "sold-order-has-money"
  | "cancelled-order-keeps-no-stock"
  | "cancelled-order-keeps-no-money";

export interface Violation {
  readonly orderId: string;
  readonly invariant: Invariant;
  readonly detail: string;
}

/** Compares an order that has ended with its stock and its money. */
export function auditOrder(
  { id: orderId, status, total, paymentId }: Order,
  reservation: ReservationStatus | undefined,
  payment: AuditedPayment | undefined,
): Violation[] {
  const found: Violation[] = [];
  const expect = (holds: boolean, invariant: Invariant, detail: string) => {
    if (!holds) found.push({ orderId, invariant, detail });
  };
  const { captured = 0, refunded = 0, withdrawn = 0, booked = 0 } = payment ?? {};
  const left = captured - refunded - withdrawn;
  expect(booked === left, "ledger-balances", `${captured} - ${refunded} - ${withdrawn}, booked ${booked}`);
  const stock = reservation ?? "no reservation";
  if (status === "cancelled") {
    const isFree = reservation !== "held" && reservation !== "confirmed";
    expect(isFree, "cancelled-order-keeps-no-stock", stock);
    expect(left === 0, "cancelled-order-keeps-no-money", `${left} are kept`);
    return found;
  }
  expect(reservation === "confirmed", "sold-order-has-stock", stock);
  const isPaid =
    captured === total.amount &&
    payment?.currency === total.currency &&
    payment.id === paymentId &&
    // What an admin gives back is another matter.
    payment.undone === 0;
  const money = payment
    ? `${captured} ${payment.currency} by ${payment.id}, ${payment.undone} undone`
    : "no payment";
  expect(
    isPaid,
    "sold-order-has-money",
    `${money}, wanted ${total.amount} ${total.currency} by ${paymentId}`,
  );
  return found;
}
