import { problemDocument } from "#mesh/problem";
import { type RefundProblem, refundProblem } from "./problems.ts";
import { type Refund, type RefundAnswer, refundView } from "./refund.ts";

/** The answer that a refund's present status is to the one who asked for it. */
export function answerOf(refund: Refund, currency: string): RefundAnswer {
  const view = refundView(refund, currency);
  if (view === undefined) return refusalAnswer(refund.paymentId, { refused: "by-provider" });
  return { status: 201, body: JSON.stringify(view) };
}

export function refusalAnswer(paymentId: string, refusal: RefundProblem): RefundAnswer {
  const problem = refundProblem(refusal);
  const document = problemDocument(problem, `/api/payments/${paymentId}/refunds`);
  return { status: problem.status, body: JSON.stringify(document) };
}

export function answerResponse({ status, body }: RefundAnswer, replayed: boolean): Response {
  return new Response(body, {
    status,
    headers: {
      "content-type": status < 400 ? "application/json" : "application/problem+json",
      "cache-control": "no-store",
      ...(replayed && { "idempotency-replayed": "true" }),
    },
  });
}
