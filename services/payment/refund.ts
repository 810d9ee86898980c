import { createHash } from "node:crypto";
import type { Money } from "#mesh/money";
import type { RefundRefusal } from "./payment.ts";

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
  readonly answer: RefundAnswer | null;
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

/** The answer to a request for a refund, as it is kept under the request's idempotency key. */
export type RefundAnswer = { refund: RefundView } | { refusal: RefundRefusal | { refused: "by-provider" } };

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

/** What a refund's present status means to the one who asked for it. */
export function answerOf(refund: Refund, currency: string): RefundAnswer {
  const { id, paymentId, status, amount, reason, createdAt } = refund;
  if (status === "failed" || status === "refused") return { refusal: { refused: "by-provider" } };
  return {
    refund: {
      id,
      paymentId,
      status,
      amount: { amount, currency },
      reason,
      createdAt: createdAt.toISOString(),
    },
  };
}
