import { type Static, Type } from "@sinclair/typebox";
import { moneySchema } from "#mesh/money";
import { Uuid } from "#mesh/uuid-schema";
import type { Payment } from "./payment.ts";

/** The largest charge that Stripe takes in any currency, in minor units. */
const largestAmount = 99_999_999;

const positiveMoney = Type.Object(
  {
    amount: Type.Integer({ minimum: 1, maximum: largestAmount }),
    currency: Type.String({ pattern: "^[A-Z]{3}$" }),
  },
  { additionalProperties: false },
);
const reason = Type.String({ minLength: 1, maxLength: 200 });

export const OrderParams = Type.Object({ orderId: Uuid });
export const PaymentParams = Type.Object({ id: Uuid });
export const PaymentQuery = Type.Object({ orderId: Uuid }, { additionalProperties: false });

export const ChargeBody = Type.Object(
  {
    userId: Uuid,
    amount: positiveMoney,
    paymentMethod: Type.Object(
      { type: Type.Literal("card"), token: Type.String({ pattern: "^[A-Za-z0-9_]{3,200}$" }) },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);
export const CancelBody = Type.Object({ reason }, { additionalProperties: false });
export const RefundBody = Type.Object({ amount: positiveMoney, reason }, { additionalProperties: false });

export const PaymentView = Type.Object({
  id: Uuid,
  orderId: Uuid,
  status: Type.Union([
    Type.Literal("initiated"),
    Type.Literal("unknown"),
    Type.Literal("captured"),
    Type.Literal("declined"),
    Type.Literal("cancelled"),
    Type.Literal("refunded"),
  ]),
  amount: moneySchema,
  refunded: moneySchema,
  gateway: Type.String(),
  createdAt: Type.String({ format: "date-time" }),
});
export const PaymentList = Type.Object({
  data: Type.Array(PaymentView),
  nextCursor: Type.Union([Type.String(), Type.Null()]),
});
export const RefundView = Type.Object({
  id: Uuid,
  paymentId: Uuid,
  status: Type.Union([Type.Literal("pending"), Type.Literal("succeeded")]),
  amount: moneySchema,
  reason: Type.String(),
  createdAt: Type.String({ format: "date-time" }),
});

/** What clients see of a payment. */
export function paymentView(payment: Payment): Static<typeof PaymentView> {
  const { id, orderId, status, amount, refunded, currency, gateway, createdAt } = payment;
  return {
    id,
    orderId,
    status,
    amount: { amount, currency },
    refunded: { amount: refunded, currency },
    gateway,
    createdAt: createdAt.toISOString(),
  };
}
