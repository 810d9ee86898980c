import { FormatRegistry, type Static, type TSchema, Type } from "@sinclair/typebox";
import { moneySchema } from "#mesh/money";
import { Uuid } from "#mesh/uuid-schema";
import { isCountryCode } from "./country-codes.ts";
import { cancelReasons, type Order, orderStatuses, paymentMethods, type Shipment } from "./order.ts";

FormatRegistry.Set("iso-3166-1-alpha-2", isCountryCode);

const strict = { additionalProperties: false } as const;
/** Control characters, and what Unicode takes for the end of a line. */
const breaks = "\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029";
/** Something readable on one line: no control characters, not only blanks. */
export const line = (maxLength: number) =>
  Type.String({
    minLength: 1,
    maxLength,
    pattern: `^[^${breaks}]*[^\\s${breaks}][^${breaks}]*$`,
    description: `1 to ${maxLength} characters on one line, not only blanks`,
  });
export const oneOf = <const T extends readonly string[]>(values: T) =>
  Type.Unsafe<T[number]>(Type.String({ enum: [...values], pattern: `^(${values.join("|")})$` }));

const AddressBody = Type.Object(
  {
    fullName: line(200),
    line1: line(200),
    line2: Type.Optional(line(200)),
    city: line(100),
    postalCode: line(20),
    country: Type.String({ format: "iso-3166-1-alpha-2", description: "ISO 3166-1 alpha-2" }),
  },
  strict,
);

export const PlaceOrderBody = Type.Object(
  {
    items: Type.Array(
      Type.Object({ productId: Uuid, quantity: Type.Integer({ minimum: 1, maximum: 1000 }) }, strict),
      { minItems: 1, maxItems: 50, description: "Each product once" },
    ),
    shippingAddress: AddressBody,
    paymentMethod: Type.Object(
      {
        type: oneOf(paymentMethods),
        token: Type.String({
          pattern: "^[A-Za-z0-9_-]{3,200}$",
          description:
            "Stripe's token for the card, or the id of the PayPal order that the buyer approved; a card number is refused",
        }),
      },
      strict,
    ),
  },
  strict,
);

export const OrderParams = Type.Object({ id: Uuid });

/** What the carrier calls the parcel. */
export const ShipBody = Type.Object({ carrier: line(100), trackingNumber: line(100) }, strict);

/** For a call that says everything in its path. */
export const NoBody = Type.Optional(Type.Union([Type.Null(), Type.Object({}, strict)]));

const pageSize = Type.String({ pattern: "^([1-9]\\d?|100)$", description: "1 to 100, 20 if left out" });
const cursor = Type.String({ maxLength: 500, description: "The nextCursor of the page before" });

export const ListQuery = Type.Object(
  {
    limit: Type.Optional(pageSize),
    cursor: Type.Optional(cursor),
    status: Type.Optional(oneOf(orderStatuses)),
    userId: Type.Optional(Type.String({ format: "uuid", description: "For admins: whose orders" })),
    scope: Type.Optional(
      Type.Literal("all", { description: "For admins: everybody's orders, such as those to be shipped" }),
    ),
  },
  strict,
);
export const HistoryQuery = Type.Object(
  { limit: Type.Optional(pageSize), cursor: Type.Optional(cursor) },
  strict,
);

const Carbon = Type.Object({ kgCO2e: Type.String({ description: "Decimal" }) });

export const OrderView = Type.Object({
  id: Uuid,
  status: oneOf(orderStatuses),
  items: Type.Array(
    Type.Object({
      productId: Uuid,
      name: Type.String(),
      quantity: Type.Integer(),
      unitPrice: moneySchema,
      carbon: Type.Object({ kgCO2e: Type.String({ description: "Decimal, of one piece" }) }),
    }),
  ),
  total: moneySchema,
  carbon: Carbon,
  shippingAddress: AddressBody,
  paymentMethod: Type.Object({ type: oneOf(paymentMethods) }),
  waitingFor: Type.Optional(
    Type.Literal("payment-action", {
      description: "The buyer has to act: `nextAction` of `GET /api/payments?orderId=` says where",
    }),
  ),
  createdAt: Type.String({ format: "date-time" }),
  updatedAt: Type.String({ format: "date-time" }),
  cancelReason: Type.Optional(oneOf(cancelReasons)),
  shipment: Type.Optional(
    Type.Object({
      carrier: Type.String(),
      trackingNumber: Type.String(),
      shippedAt: Type.String({ format: "date-time" }),
      deliveredAt: Type.Optional(Type.String({ format: "date-time" })),
    }),
  ),
});

export const page = <T extends TSchema>(item: T) =>
  Type.Object({ data: Type.Array(item), nextCursor: Type.Union([Type.String(), Type.Null()]) });

export const OrderPage = page(OrderView);
export const HistoryPage = page(
  Type.Object({
    at: Type.String({ format: "date-time" }),
    kind: oneOf(["status", "decision", "step"]),
    name: Type.String({ description: "The new status, `compensate`, or the step of the saga" }),
    outcome: Type.Optional(oneOf(["done", "refused", "unknown", "waiting"])),
    attempt: Type.Optional(Type.Integer()),
    detail: Type.Optional(Type.String()),
    by: Type.Optional(Type.String({ description: "For admins: who of the staff did it" })),
  }),
);

/** An order as clients see it. */
export function orderView(order: Order): Static<typeof OrderView> {
  const {
    id,
    status,
    items,
    total,
    carbon,
    shippingAddress,
    paymentMethod,
    cancelReason,
    shipment,
    waitingFor,
  } = order;
  return {
    id,
    status,
    items: [...items],
    total,
    carbon,
    shippingAddress,
    paymentMethod: { type: paymentMethod },
    createdAt: order.createdAt.toISOString(),
    updatedAt: order.updatedAt.toISOString(),
    ...(cancelReason && { cancelReason }),
    ...(waitingFor && { waitingFor }),
    ...(shipment && { shipment: shipmentView(shipment) }),
  };
}

const shipmentView = ({ shippedAt, deliveredAt, ...parcel }: Shipment) => ({
  ...parcel,
  shippedAt: shippedAt.toISOString(),
  ...(deliveredAt && { deliveredAt: deliveredAt.toISOString() }),
});
