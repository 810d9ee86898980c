import { Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { type Answer, type ServiceClient, UpstreamUnavailable } from "#mesh/http/client";
import { Uuid } from "#mesh/uuid-schema";
import type { Order } from "./order.ts";
import type { AuditedPayment } from "./order-audit.ts";
import { outcomeOf } from "./outcome-of.ts";
import type { Outcome } from "./saga.ts";

export type PaymentClient = ReturnType<typeof createPaymentClient>;

const paidBody = TypeCompiler.Compile(
  Type.Object({ id: Uuid, status: Type.Union([Type.Literal("captured"), Type.Literal("authorized")]) }),
);

const waitingBody = TypeCompiler.Compile(Type.Object({ status: Type.Literal("requires-action") }));

const paymentsBody = TypeCompiler.Compile(
  Type.Object({
    payments: Type.Array(
      Type.Object({
        id: Uuid,
        orderId: Uuid,
        captured: Type.Integer(),
        refunded: Type.Integer(),
        withdrawn: Type.Integer(),
        booked: Type.Integer(),
        undone: Type.Integer(),
        currency: Type.String(),
      }),
    ),
  }),
);

const declinedBody = TypeCompiler.Compile(
  Type.Object({
    code: Type.Literal("payment-declined"),
    detail: Type.Optional(Type.String()),
    declineCode: Type.Optional(Type.String()),
  }),
);

const cancelledBody = TypeCompiler.Compile(Type.Object({ code: Type.Literal("payment-cancelled") }));

const route = "/internal/payments/{orderId}";

/** payment-service, as far as an order needs it. Every step may be repeated: it is known by the order's id. */
export function createPaymentClient(client: ServiceClient) {
  return {
    /** Takes the order's total once, however often it is asked. */
    charge: ({ id, userId, total, paymentMethod }: Order, token: string): Promise<Outcome> =>
      outcomeOf(
        client.call({
          method: "PUT",
          path: `/internal/payments/${id}`,
          route,
          body: { userId, amount: total, paymentMethod: { type: paymentMethod, token } },
        }),
        chargeOutcome,
      ),
    /** What these orders took and gave back; one without a payment is left out. @throws UpstreamUnavailable */
    async audited(orderIds: readonly string[]): Promise<Map<string, AuditedPayment>> {
      const path = "/internal/payments/find";
      const body = { orderIds };
      const answer = await client.call({ method: "POST", path, route: path, body, idempotent: true });
      if (answer.status !== 200 || !paymentsBody.Check(answer.body)) {
        throw new UpstreamUnavailable("payment-service", "malformed", true);
      }
      return new Map(answer.body.payments.map(({ orderId, ...payment }) => [orderId, payment]));
    },
    /** Takes the money that a charge has held. */
    capture: (orderId: string): Promise<Outcome> =>
      outcomeOf(
        client.call({
          method: "POST",
          path: `/internal/payments/${orderId}/capture`,
          route: `${route}/capture`,
          idempotent: true,
        }),
        (answer) => {
          const outcome = chargeOutcome(answer);
          return outcome?.kind === "done" && outcome.held ? stillProcessing : outcome;
        },
      ),
    /** Sees to it that nothing is or will be taken: voids, refunds, or forbids the charge before it was asked for. */
    cancel: (orderId: string, reason: string): Promise<Outcome> =>
      outcomeOf(
        client.call({
          method: "POST",
          path: `/internal/payments/${orderId}/cancel`,
          route: `${route}/cancel`,
          body: { reason },
          idempotent: true,
        }),
        ({ status }) => {
          if (status === 200) return { kind: "done" };
          return status === 202 ? stillProcessing : undefined;
        },
      ),
  };
}

const stillProcessing: Outcome = { kind: "unknown", detail: "payment-service does not know the outcome yet" };

function chargeOutcome({ status, body }: Answer): Outcome | undefined {
  if (status === 200 && paidBody.Check(body)) {
    return { kind: "done", paymentId: body.id, held: body.status === "authorized" };
  }
  if (status === 202) return waitingBody.Check(body) ? { kind: "waiting" } : stillProcessing;
  if (status === 402 && declinedBody.Check(body)) {
    const { detail, declineCode } = body;
    const facts = { ...(detail && { detail }), ...(declineCode && { declineCode }) };
    return { kind: "refused", reason: "payment-declined", facts };
  }
  if (status === 409 && cancelledBody.Check(body)) return { kind: "refused", reason: "payment-cancelled" };
  return undefined;
}
