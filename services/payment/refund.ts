import { createHash } from "node:crypto";
import type { Money } from "#mesh/money";

export type RefundStatus = "pending" | "succeeded" | "failed" | "refused";
/** Who wanted it: an admin, the cancellation of the order, or somebody at the provider itself. */
export type RefundOrigin = "admin" | "cancellation" | "provider";

/** Money on its way back. `amount` in minor units of the payment's currency. */
export interface Refund {
  readonly id: string;
  readonly paymentId: string;
  readonly amount: number;
  readonly reason: string;
  readonly origin: RefundOrigin;
  readonly status: RefundStatus;
  readonly fingerprint: string | null;
  readonly answerStatus: number | null;
  readonly answerBody: string | null;
  readonly attempts: number;
  /** Whether somebody is asking the provider for it at this moment. */
  readonly isHeld: boolean;
  readonly createdAt: Date;
}

/** What clients see of a refund. */
export type RefundView = {
  id: string;
  paymentId: string;
  status: "pending" | "succeeded";
  amount: Money;
  reason: string;
  createdAt: string;
};

/** The answer to a request for a refund, byte for byte as it is kept under the request's idempotency key. */
export interface RefundAnswer {
  readonly status: number;
  readonly body: string;
}

export interface RefundRequest {
  readonly paymentId: string;
  readonly amount: Money;
  readonly reason: string;
  readonly requestedBy: string;
  readonly idempotencyKey: string;
}

/** The same for two requests exactly when they ask for the same thing. */
export function fingerprintOf({ paymentId, amount, reason }: RefundRequest): string {
  const text = JSON.stringify([paymentId.toLowerCase(), amount.amount, amount.currency, reason]);
  return createHash("sha256").update(text).digest("hex");
}

/** What clients see of a refund that the provider did not refuse. */
export function refundView(refund: Refund, currency: string): RefundView | undefined {
  const { id, paymentId, status, amount, reason, createdAt } = refund;
  if (status === "failed" || status === "refused") return undefined;
  return {
    id,
    paymentId,
    status,
    amount: { amount, currency },
    reason,
    createdAt: createdAt.toISOString(),
  };
}
