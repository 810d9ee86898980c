import { type Static, Type } from "@sinclair/typebox";
import { moneySchema } from "../money.ts";
import { Uuid } from "../uuid-schema.ts";
import { cloudEvent, type NewEvent } from "./cloud-event.ts";

export const productTopic = "product-events";

const summary = Type.Object({
  productId: Uuid,
  name: Type.String(),
  category: Type.String(),
  price: moneySchema,
});

/** The data of each event of product-service, by type. */
export const productEvents = {
  "ecotrack.product.created.v1": summary,
  "ecotrack.product.updated.v1": summary,
  "ecotrack.product.deleted.v1": Type.Object({ productId: Uuid }),
  "ecotrack.product.price-changed.v1": Type.Object({ productId: Uuid, from: moneySchema, to: moneySchema }),
  "ecotrack.product.stock-changed.v1": Type.Object({
    productId: Uuid,
    onHand: Type.Integer(),
    reserved: Type.Integer(),
    available: Type.Integer(),
    reason: Type.String(),
  }),
} as const;

export type ProductEvents = { [T in keyof typeof productEvents]: Static<(typeof productEvents)[T]> };

export const productEvent = <T extends keyof ProductEvents>(type: T, event: NewEvent<ProductEvents[T]>) =>
  cloudEvent("/product-service", type, event);
