import { Type } from "@sinclair/typebox";
import { moneySchema } from "#mesh/money";
import { Uuid } from "#mesh/uuid-schema";

const strict = { additionalProperties: false };

/** An hour: nobody may keep stock from others for longer without paying. */
const longestHoldSeconds = 3600;
export const defaultHoldSeconds = 900;

export const PricesBody = Type.Object(
  { productIds: Type.Array(Uuid, { minItems: 1, maxItems: 1000 }) },
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
const mostOrders = 64;
const Hold = Type.Object(
  {
    orderId: Uuid,
    items: Type.Array(
      Type.Object({ productId: Uuid, quantity: Type.Integer({ minimum: 1, maximum: 100_000 }) }, strict),
      { minItems: 1, maxItems: 100 },
    ),
    expiresInSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: longestHoldSeconds })),
  },
  strict,
);
export const HoldsBody = Type.Object(
  { holds: Type.Array(Hold, { minItems: 1, maxItems: mostOrders }) },
  strict,
);
export const ConfirmsBody = Type.Object(
  { orderIds: Type.Array(Uuid, { minItems: 1, maxItems: mostOrders }) },
  strict,
);
/** What came of an order: its new status, or the code of what stands in the way. */
const Outcome = Type.Object({
  orderId: Uuid,
  status: Type.Optional(Type.Union([Type.Literal("held"), Type.Literal("confirmed")])),
  expiresAt: Type.Optional(Type.String()),
  refused: Type.Optional(Type.String()),
  /** What is short, when something is. */
  items: Type.Optional(
    Type.Array(Type.Object({ productId: Uuid, quantity: Type.Integer(), available: Type.Integer() })),
  ),
});
export const OutcomesView = Type.Object({ outcomes: Type.Array(Outcome) });
export const FindBody = Type.Object({ orderIds: Type.Array(Uuid, { minItems: 1, maxItems: 1000 }) }, strict);
export const ReservationsView = Type.Object({
  reservations: Type.Array(Type.Object({ orderId: Uuid, status: Type.String() })),
});
export const ReleasedView = Type.Object({ orderId: Uuid, status: Type.Literal("released") });
