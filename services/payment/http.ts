import { Type } from "@sinclair/typebox";
import { containsCardNumber } from "#mesh/card-number";
import { createServiceApp, type ServiceAppOptions } from "#mesh/http/service-app";
import { isAdmin, type UserCaller } from "#mesh/identity/caller";
import { ProblemError } from "#mesh/problem";
import { findBooks } from "./books-store.ts";
import { cancelPayment } from "./cancel-payment.ts";
import { type CaptureResult, capturePayment } from "./capture-payment.ts";
import { type ChargeResult, chargePayment } from "./charge-payment.ts";
import type { Payment } from "./payment.ts";
import {
  BooksView,
  CancelBody,
  ChargeBody,
  FindBody,
  nextActionOf,
  OrderParams,
  PaymentList,
  PaymentParams,
  PaymentQuery,
  PaymentView,
  paymentView,
  RefundBody,
  RefundView,
} from "./payment-schema.ts";
import { findById, findByOrder } from "./payment-store.ts";
import { declinedProblem, paymentProblems, refundProblem } from "./problems.ts";
import { paypalWebhookPath, stripeWebhookPath, type WebhookReceiver } from "./receive-webhook.ts";
import { answerResponse } from "./refund-answer.ts";
import { refundPayment } from "./refund-payment.ts";
import type { RefundDeps } from "./send-refund.ts";

const internal = { hide: true };
const processing = { status: "processing" } as const;

/** The routes of payment-service. */
export function createPaymentHttp(base: ServiceAppOptions, deps: RefundDeps, webhooks: WebhookReceiver) {
  const view = (payment: Payment) => paymentView(payment, deps.keyring);
  return createServiceApp(base)
    .macro({ refuseCardNumbers: { transform: refuseCardNumber } })
    .post(
      "/internal/payments/find",
      async ({ body }) => ({ payments: await findBooks(deps.sql, body.orderIds) }),
      { services: ["order-service"], body: FindBody, response: { 200: BooksView }, detail: internal },
    )
    .put(
      "/internal/payments/:orderId",
      async ({ params, body, set }) => {
        const { userId, amount, paymentMethod: method } = body;
        const orderId = params.orderId.toLowerCase();
        const asked = { orderId, userId: userId.toLowerCase(), amount, method };
        return chargeAnswer(deps, set, await chargePayment(deps, asked));
      },
      {
        services: ["order-service"],
        refuseCardNumbers: true,
        params: OrderParams,
        body: ChargeBody,
        detail: internal,
      },
    )
    .post(
      "/internal/payments/:orderId/capture",
      async ({ params, set }) =>
        chargeAnswer(deps, set, await capturePayment(deps, params.orderId.toLowerCase())),
      { services: ["order-service"], params: OrderParams, detail: internal },
    )
    .post(
      "/internal/payments/:orderId/cancel",
      async ({ params, body, set }) => {
        const orderId = params.orderId.toLowerCase();
        const status = await cancelPayment(deps, { orderId, reason: body.reason });
        set.status = status === "processing" ? 202 : 200;
        return { status };
      },
      {
        services: ["order-service"],
        refuseCardNumbers: true,
        params: OrderParams,
        body: CancelBody,
        detail: internal,
      },
    )
    .get(
      "/api/payments",
      async ({ caller, query }) => {
        const payment = await findByOrder(deps.sql, query.orderId);
        return { data: mayRead(caller, payment) ? [view(payment)] : [], nextCursor: null };
      },
      {
        user: "payments:read",
        query: PaymentQuery,
        response: { 200: PaymentList },
        detail: { summary: "The payment of an order", tags: ["payments"] },
      },
    )
    .get(
      "/api/payments/:id",
      async ({ caller, params }) => {
        const payment = await findById(deps.sql, params.id);
        if (!mayRead(caller, payment))
          throw new ProblemError(refundProblem({ refused: "payment-not-found" }));
        return view(payment);
      },
      {
        user: "payments:read",
        params: PaymentParams,
        response: { 200: PaymentView },
        detail: { summary: "One payment", tags: ["payments"] },
      },
    )
    .post(
      "/api/payments/:id/refunds",
      async ({ caller, params, body, request }) => {
        const idempotencyKey = request.headers.get("idempotency-key") ?? "";
        if (!/^[\x21-\x7e]{1,255}$/.test(idempotencyKey)) throw new ProblemError(paymentProblems.keyMissing);
        const { userId: requestedBy } = caller;
        const asked = { paymentId: params.id.toLowerCase(), ...body, requestedBy, idempotencyKey };
        const result = await refundPayment(deps, asked);
        if ("refused" in result) throw new ProblemError(refundProblem(result));
        return answerResponse(result.answer, result.replayed);
      },
      {
        admin: "payments:write",
        refuseCardNumbers: true,
        params: PaymentParams,
        body: RefundBody,
        response: { 201: RefundView },
        detail: { summary: "Send money back, whole or in part", tags: ["payments"] },
      },
    )
    .post(stripeWebhookPath, ({ body, request }) => webhooks.stripe(body, request.headers), {
      anyone: true,
      body: Type.String(),
      detail: { summary: "For Stripe", tags: ["webhooks"] },
    })
    .post(paypalWebhookPath, ({ body, request }) => webhooks.paypal(body, request.headers), {
      anyone: true,
      body: Type.String(),
      detail: { summary: "For PayPal", tags: ["webhooks"] },
    });
}

/** What order-service is told of a charge. @throws ProblemError for what will not become one */
function chargeAnswer(
  { keyring }: RefundDeps,
  set: { status?: unknown },
  result: ChargeResult | CaptureResult,
) {
  switch (result.standing) {
    case "captured":
    case "authorized":
      // Whatever the buyer does at the bank later: to the order it is captured.
      return { ...paymentView(result.payment, keyring), status: result.payment.status };
    case "requires-action":
      set.status = 202;
      return { status: "requires-action", nextAction: nextActionOf(result.payment, keyring) };
    case "open":
      set.status = 202;
      return processing;
    case "declined":
      throw new ProblemError(declinedProblem(result));
    case "cancelled":
      throw new ProblemError(paymentProblems.cancelled);
    case "differs":
      throw new ProblemError(paymentProblems.differs);
    case "method-unavailable":
      throw new ProblemError(paymentProblems.methodUnavailable);
    case "nothing-held":
      throw new ProblemError(paymentProblems.nothingHeld);
  }
}

/** Comes before every other look at the body, so that no error and no log line can carry what it refuses. */
function refuseCardNumber({ body, request }: { body: unknown; request: Request }): void {
  const key = request.headers.get("idempotency-key");
  if (containsCardNumber(body) || containsCardNumber(key)) throw new ProblemError(paymentProblems.cardNumber);
}

/** Somebody else's payment looks like none at all; so does the tombstone of an order that was never charged. */
function mayRead(caller: UserCaller, payment: Payment | undefined): payment is Payment {
  if (payment === undefined || payment.userId === null) return false;
  return payment.userId === caller.userId || isAdmin(caller);
}
