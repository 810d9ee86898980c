import { productEvent, productTopic } from "#mesh/events/product-events";
import type { Money } from "#mesh/money";
import type { UnscoredProduct } from "./product.ts";
import type { StockLevel } from "./reservation.ts";

export { productTopic };

interface Stamp {
  readonly id: string;
  readonly time: Date;
}

export const created = (product: UnscoredProduct, { id, time }: Stamp) =>
  productEvent("ecotrack.product.created.v1", { id, time, subject: product.id, data: summary(product) });

export const updated = (product: UnscoredProduct, { id, time }: Stamp) =>
  productEvent("ecotrack.product.updated.v1", { id, time, subject: product.id, data: summary(product) });

export const deleted = (productId: string, { id, time }: Stamp) =>
  productEvent("ecotrack.product.deleted.v1", { id, time, subject: productId, data: { productId } });

export const priceChanged = (productId: string, from: Money, to: Money, { id, time }: Stamp) =>
  productEvent("ecotrack.product.price-changed.v1", {
    id,
    time,
    subject: productId,
    data: { productId, from, to },
  });

/** That stock was sold, but for id, subject and data, which `confirm_reservations` puts in. */
export const stockSold = (time: Date) =>
  productEvent("ecotrack.product.stock-changed.v1", {
    id: "",
    time,
    subject: "",
    data: { productId: "", onHand: 0, reserved: 0, available: 0, reason: "sold" },
  });

export type StockReason = "returned" | "adjusted" | "delivered";

export const stockChanged = (level: StockLevel, reason: StockReason, { id, time }: Stamp) =>
  productEvent("ecotrack.product.stock-changed.v1", {
    id,
    time,
    subject: level.productId,
    data: { ...level, available: level.onHand, reason },
  });

function summary({ id, name, category, price }: UnscoredProduct) {
  return { productId: id, name, category, price };
}
