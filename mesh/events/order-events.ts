import { type Static, Type } from "@sinclair/typebox";
import { moneySchema } from "../money.ts";
import { Uuid } from "../uuid-schema.ts";
import { cloudEvent, type NewEvent } from "./cloud-event.ts";

export const orderTopic = "order-events";

const carbon = Type.Object({ kgCO2e: Type.String({ description: "Decimal" }) });
const placed = Type.Object({
  orderId: Uuid,
  userId: Uuid,
  items: Type.Array(
    Type.Object({
      productId: Uuid,
      name: Type.String(),
      quantity: Type.Integer(),
      unitPrice: moneySchema,
      carbon,
    }),
  ),
  total: moneySchema,
  carbon,
});

/** The data of each event of order-service, by type. */
export const orderEvents = {
  "ecotrack.order.created.v1": placed,
  "ecotrack.order.confirmed.v1": Type.Composite([placed, Type.Object({ paymentId: Uuid })]),
  /** From here on the order can only end cancelled. */
  "ecotrack.order.cancellation-started.v1": Type.Object({
    orderId: Uuid,
    userId: Uuid,
    reason: Type.String(),
  }),
  "ecotrack.order.shipped.v1": Type.Object({
    orderId: Uuid,
    userId: Uuid,
    carrier: Type.String(),
    trackingNumber: Type.String(),
  }),
  "ecotrack.order.delivered.v1": Type.Object({ orderId: Uuid, userId: Uuid }),
  "ecotrack.order.cancelled.v1": Type.Object({
    orderId: Uuid,
    userId: Uuid,
    reason: Type.String(),
    total: moneySchema,
  }),
} as const;

export type OrderEvents = { [T in keyof typeof orderEvents]: Static<(typeof orderEvents)[T]> };

export const orderEvent = <T extends keyof OrderEvents>(type: T, event: NewEvent<OrderEvents[T]>) =>
  cloudEvent("/order-service", type, event);
