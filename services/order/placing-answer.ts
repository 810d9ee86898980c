import { type Problem, problemDocument } from "#mesh/problem";
import type { CancelReason, Order } from "./order.ts";
import { orderView } from "./order-schema.ts";
import { cancelledProblems } from "./problems.ts";
import type { Answer } from "./saga-run.ts";

export const ordersPath = "/api/orders";

/**
 * The answer to `POST /api/orders` for an order in this state, as the bytes that are sent and kept.
 * @param facts what a refusal said about itself, such as the items that are short
 */
export function placingAnswer(order: Order, facts: Readonly<Record<string, unknown>> = {}): Answer {
  const problem = order.status === "cancelled" ? problemOf(order.cancelReason, facts) : undefined;
  if (!problem) return { status: 201, body: JSON.stringify(orderView(order)) };
  return { status: problem.status, body: JSON.stringify(problemDocument(problem, ordersPath)) };
}

function problemOf(
  reason: CancelReason | undefined,
  { detail, ...others }: Readonly<Record<string, unknown>>,
): Problem | undefined {
  const problem: Problem | undefined = reason && cancelledProblems[reason];
  return (
    problem && {
      ...problem,
      ...(typeof detail === "string" && { detail }),
      extensions: others,
    }
  );
}
