import { type Static, Type } from "@sinclair/typebox";

// Only what is used of PayPal's objects. https://developer.paypal.com/docs/api/orders/v2/
const money = Type.Object({ currency_code: Type.String(), value: Type.String() });

export const captureSchema = Type.Object({
  id: Type.String(),
  status: Type.String(),
  amount: money,
  custom_id: Type.Optional(Type.String()),
});
export const refundSchema = Type.Object({
  id: Type.String(),
  status: Type.String(),
  amount: money,
  custom_id: Type.Optional(Type.String()),
});
export const orderSchema = Type.Object({
  id: Type.String(),
  intent: Type.String(),
  status: Type.String(),
  payer: Type.Optional(Type.Object({ payer_id: Type.Optional(Type.String()) })),
  purchase_units: Type.Array(
    Type.Object({
      reference_id: Type.Optional(Type.String()),
      custom_id: Type.Optional(Type.String()),
      amount: Type.Optional(money),
      payments: Type.Optional(
        Type.Object({
          captures: Type.Optional(Type.Array(captureSchema)),
          refunds: Type.Optional(Type.Array(refundSchema)),
        }),
      ),
    }),
    { minItems: 1 },
  ),
  links: Type.Optional(Type.Array(Type.Object({ rel: Type.String(), href: Type.String() }))),
});

export type PaypalOrder = Static<typeof orderSchema>;
export type PaypalCapture = Static<typeof captureSchema>;
export type PaypalRefund = Static<typeof refundSchema>;

export const captureOf = ({ purchase_units }: PaypalOrder): PaypalCapture | undefined =>
  purchase_units[0]?.payments?.captures?.[0];

export const refundsOf = ({ purchase_units }: PaypalOrder): readonly PaypalRefund[] =>
  purchase_units[0]?.payments?.refunds ?? [];

/** Where the buyer agrees to it. */
export const approvalUrl = ({ links = [] }: PaypalOrder): string | undefined =>
  links.find(({ rel }) => rel === "payer-action" || rel === "approve")?.href;
