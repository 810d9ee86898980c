import { type Problem, ProblemError, problems } from "#mesh/problem";
import type { CancelOrderRefusal } from "./cancel-order.ts";
import type { OperateRefusal } from "./operate-saga.ts";
import type { CancelReason } from "./order.ts";
import type { PlaceRefusal } from "./place-order.ts";
import type { ReadRefusal } from "./read-orders.ts";
import type { MoveRefusal } from "./ship-order.ts";

type Refusal = PlaceRefusal | CancelOrderRefusal | ReadRefusal | MoveRefusal | OperateRefusal;

const table = {
  "idempotency-key-missing": {
    status: 400,
    code: "idempotency-key-missing",
    title: "An order needs a key that makes it safe to repeat",
    detail: "Send Idempotency-Key with a new random value for each order",
  },
  "idempotency-key-invalid": {
    status: 400,
    code: "idempotency-key-invalid",
    title: "The Idempotency-Key cannot be used",
    detail: "It takes 1 to 255 visible ASCII characters",
  },
  "idempotency-key-in-flight": {
    status: 409,
    code: "idempotency-key-in-flight",
    title: "The request with this Idempotency-Key has not been answered yet",
    headers: { "retry-after": "1" },
  },
  "idempotency-key-reused": {
    status: 422,
    code: "idempotency-key-reused",
    title: "This Idempotency-Key was used for another request",
    detail: "Send a new key with a new request",
  },
  "card-number-refused": {
    status: 422,
    code: "card-number-refused",
    title: "Card numbers are not taken",
    detail: "Send the token that the payment provider gives for the card",
  },
  "mixed-currencies": {
    status: 422,
    code: "mixed-currencies",
    title: "These products are not sold in one currency",
    detail: "Order them apart",
  },
  "total-too-large": {
    status: 422,
    code: "total-too-large",
    title: "The total is more than can be charged at once",
    detail: "Order in several parts",
  },
  "product-service-unavailable": problems.unavailable("product-service"),
  "order-not-found": { status: 404, code: "order-not-found", title: "There is no such order" },
  "already-cancelled": {
    status: 409,
    code: "order-already-cancelled",
    title: "The order is cancelled already",
  },
  "not-cancellable": {
    status: 409,
    code: "order-not-cancellable",
    title: "The order can no longer be cancelled",
    detail: "The parcel is with the carrier; send it back instead",
  },
  "not-shippable": {
    status: 409,
    code: "order-not-shippable",
    title: "Only a confirmed order can be shipped",
  },
  "shipped-otherwise": {
    status: 409,
    code: "order-shipped-otherwise",
    title: "The order was shipped with another carrier or tracking number",
  },
  "not-deliverable": {
    status: 409,
    code: "order-not-deliverable",
    title: "Only a shipped order can be delivered",
  },
  "saga-not-found": { status: 404, code: "saga-not-found", title: "There is no such saga" },
  "saga-ended": {
    status: 409,
    code: "saga-ended",
    title: "The saga has come to its end",
    detail: "Read the order and its history",
  },
  "not-yours": problems.forbidden("Only an admin may list somebody else's orders"),
} satisfies Record<Exclude<Refusal["refused"], "product-not-found" | "duplicate-products">, Problem>;

/** The problem that answers a refusal of any use case. */
export function refusalProblem(refusal: Refusal): Problem {
  if (refusal.refused === "product-not-found") {
    const errors = refusal.positions.map((position) => ({
      pointer: `/items/${position}/productId`,
      detail: "is not a product that can be ordered",
    }));
    return { status: 422, code: "product-not-found", title: "Not every product exists", errors };
  }
  if (refusal.refused === "duplicate-products") {
    const detail = "stands in the list before: add the quantities up";
    return problems.validation(
      refusal.positions.map((position) => ({ pointer: `/items/${position}/productId`, detail })),
    );
  }
  return table[refusal.refused];
}

/** @throws ProblemError for a refusal */
export function accepted<T>(outcome: T | Refusal): T {
  if (isRefusal(outcome)) throw new ProblemError(refusalProblem(outcome));
  return outcome;
}

const isRefusal = (outcome: unknown): outcome is Refusal =>
  typeof outcome === "object" && outcome !== null && "refused" in outcome;

/**
 * What the client that places an order is told when it ends cancelled. Undefined for a reason that came later and is
 * not about placing it: then the answer is the order, which says that it is cancelled.
 */
export const cancelledProblems = {
  "insufficient-stock": {
    status: 409,
    code: "insufficient-stock",
    title: "There is not enough in stock",
    detail: "The order is cancelled and nothing was charged",
  },
  "reservation-lapsed": {
    status: 409,
    code: "reservation-lapsed",
    title: "The stock could not be kept long enough",
    detail: "The order is cancelled and the money is given back",
  },
  "payment-declined": {
    status: 402,
    code: "payment-declined",
    title: "The payment was declined",
    detail: "The order is cancelled; order again with another card",
  },
  rejected: {
    status: 422,
    code: "order-rejected",
    title: "The order cannot be carried out as it is",
    detail: "The order is cancelled and nothing was charged",
  },
  "payment-cancelled": undefined,
  "timed-out": undefined,
  "requested-by-customer": undefined,
  "requested-by-admin": undefined,
} satisfies Record<CancelReason, Problem | undefined>;
