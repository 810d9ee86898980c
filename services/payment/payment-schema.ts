import { type Static, Type } from "@sinclair/typebox";
import { moneySchema } from "#mesh/money";
import { Uuid } from "#mesh/uuid-schema";
import type { Keyring } from "./keyring.ts";
import { isDisputed, type Payment } from "./payment.ts";
import { openColumn } from "./sealed-columns.ts";

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
      {
        type: Type.Union([Type.Literal("card"), Type.Literal("paypal")]),
        token: Type.String({ pattern: "^[A-Za-z0-9_-]{3,200}$" }),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);
export const CancelBody = Type.Object({ reason }, { additionalProperties: false });
export const RefundBody = Type.Object({ amount: positiveMoney, reason }, { additionalProperties: false });

export const FindBody = Type.Object(
  { orderIds: Type.Array(Uuid, { minItems: 1, maxItems: 1000 }) },
  { additionalProperties: false },
);
/** For the audit of orders. */
export const BooksView = Type.Object({
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
});

/** What the buyer has to do before the money can be taken. */
const NextAction = Type.Object({
  type: Type.Literal("redirect"),
  url: Type.String(),
  expiresAt: Type.String({ format: "date-time" }),
});

export const PaymentView = Type.Object({
  id: Uuid,
  orderId: Uuid,
  status: Type.Union([
    Type.Literal("initiated"),
    Type.Literal("unknown"),
    Type.Literal("requires-action"),
    Type.Literal("authorized"),
    Type.Literal("captured"),
    Type.Literal("declined"),
    Type.Literal("cancelled"),
    Type.Literal("refunded"),
    Type.Literal("disputed"),
  ]),
  amount: moneySchema,
  refunded: moneySchema,
  gateway: Type.String(),
  nextAction: Type.Optional(NextAction),
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
export function paymentView(payment: Payment, keyring: Keyring): Static<typeof PaymentView> {
  const { id, orderId, status, amount, refunded, currency, gateway, createdAt } = payment;
  const nextAction = nextActionOf(payment, keyring);
  return {
    id,
    orderId,
    status: isDisputed(payment) ? "disputed" : status,
    amount: { amount, currency },
    refunded: { amount: refunded, currency },
    gateway,
    ...(nextAction && { nextAction }),
    createdAt: createdAt.toISOString(),
  };
}

/** Undefined unless the payment waits for the buyer. */
export function nextActionOf(
  { id, status, nextActionUrl, actionExpiresAt, cancelReason }: Payment,
  keyring: Keyring,
): Static<typeof NextAction> | undefined {
  if (status !== "requires-action" || cancelReason !== null) return undefined;
  if (nextActionUrl === null || actionExpiresAt === null) return undefined;
  const url = openColumn(keyring, id, "next_action_url", nextActionUrl);
  return { type: "redirect", url, expiresAt: actionExpiresAt.toISOString() };
}
