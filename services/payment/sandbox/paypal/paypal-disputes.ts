import type { PaypalRecord } from "./paypal-books.ts";
import { invalidRequest, notFound, unprocessable } from "./paypal-error.ts";

/** A buyer's claim to the money of an order. */
export interface PaypalDisputeRecord {
  id: string;
  openedAt: number;
  /** The same as `openedAt` where it is missing. */
  updatedAt?: number;
  outcome: "RESOLVED_BUYER_FAVOUR" | "RESOLVED_SELLER_FAVOUR" | null;
}

export type DisputeHappening = {
  type: "CUSTOMER.DISPUTE.CREATED" | "CUSTOMER.DISPUTE.RESOLVED";
  order: PaypalRecord;
  dispute: PaypalDisputeRecord;
};

export function disputed(orders: Iterable<PaypalRecord>, id: string): [PaypalRecord, PaypalDisputeRecord] {
  for (const order of orders) if (order.dispute?.id === id) return [order, order.dispute];
  throw notFound();
}

/** As PayPal's own sandbox decides: `POST …/adjudicate { adjudication_outcome }`. */
export function adjudicate(dispute: PaypalDisputeRecord, outcome: unknown, at: number): void {
  if (outcome !== "BUYER_FAVOR" && outcome !== "SELLER_FAVOR") {
    throw invalidRequest("adjudication_outcome is BUYER_FAVOR or SELLER_FAVOR.");
  }
  if (dispute.outcome !== null) throw unprocessable("INVALID_DISPUTE_STATUS", "The dispute is resolved.");
  dispute.updatedAt = at;
  dispute.outcome = outcome === "BUYER_FAVOR" ? "RESOLVED_BUYER_FAVOUR" : "RESOLVED_SELLER_FAVOUR";
}
