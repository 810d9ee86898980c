import { Type } from "@sinclair/typebox";
import { moneySchema } from "#mesh/money";
import { Uuid } from "#mesh/uuid-schema";

const strict = { additionalProperties: false };

/** An hour: nobody may keep stock from others for longer without paying. */
const longestHoldSeconds = 3600;
export const defaultHoldSeconds = 900;

export const PricesBody = Type.Object(
  { productIds: Type.Array(Uuid, { minItems: 1, maxItems: 100 }) },
  strict,
);
export const PricesView = Type.Object({
  products: Type.Array(
    Type.Object({
      id: Uuid,
      name: Type.String(),
      price: moneySchema,
      carbon: Type.Object({ kgCO2e: Type.String() }),
      available: Type.Integer(),
    }),
  ),
});

export const ReservationParams = Type.Object({ orderId: Uuid }, strict);
export const ReservationBody = Type.Object(
  {
    items: Type.Array(
      Type.Object({ productId: Uuid, quantity: Type.Integer({ minimum: 1, maximum: 100_000 }) }, strict),
      { minItems: 1, maxItems: 100 },
    ),
    expiresInSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: longestHoldSeconds })),
  },
  strict,
);
export const FindBody = Type.Object({ orderIds: Type.Array(Uuid, { minItems: 1, maxItems: 1000 }) }, strict);
export const ReservationsView = Type.Object({
  reservations: Type.Array(Type.Object({ orderId: Uuid, status: Type.String() })),
});
export const HeldView = Type.Object({
  orderId: Uuid,
  status: Type.Literal("held"),
  expiresAt: Type.String(),
});
export const ConfirmedView = Type.Object({ orderId: Uuid, status: Type.Literal("confirmed") });
export const ReleasedView = Type.Object({ orderId: Uuid, status: Type.Literal("released") });
