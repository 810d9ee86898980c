import type { Money } from "#mesh/money";
import { carbonTotal } from "./carbon-total.ts";

export const orderStatuses = ["pending", "confirmed", "shipped", "delivered", "cancelled"] as const;
export type OrderStatus = (typeof orderStatuses)[number];

/** Why an order is, or is about to be, cancelled. */
export const cancelReasons = [
  "insufficient-stock",
  "payment-declined",
  "reservation-lapsed",
  "payment-cancelled",
  "rejected",
  "timed-out",
  "requested-by-customer",
  "requested-by-admin",
] as const;
export type CancelReason = (typeof cancelReasons)[number];

/** Kilograms of CO2 equivalent as a decimal string. */
export interface Carbon {
  readonly kgCO2e: string;
}

/** What was bought, with name, price and carbon of one piece as they were when it was ordered. */
export interface OrderItem {
  readonly productId: string;
  readonly name: string;
  readonly quantity: number;
  readonly unitPrice: Money;
  readonly carbon: Carbon;
}

export const paymentMethods = ["card", "paypal"] as const;
export type PaymentMethod = (typeof paymentMethods)[number];

export interface ShippingAddress {
  readonly fullName: string;
  readonly line1: string;
  readonly line2?: string;
  readonly city: string;
  readonly postalCode: string;
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
}

/** With whom the parcel goes, and since when. */
export interface Shipment {
  readonly carrier: string;
  readonly trackingNumber: string;
  readonly shippedAt: Date;
  readonly deliveredAt?: Date;
}

export interface Order {
  readonly id: string;
  readonly userId: string;
  readonly status: OrderStatus;
  readonly items: readonly OrderItem[];
  readonly total: Money;
  /** Of all pieces together. */
  readonly carbon: Carbon;
  readonly shippingAddress: ShippingAddress;
  readonly paymentMethod: PaymentMethod;
  readonly paymentId?: string;
  /** With any status but `cancelled`: the cancellation has begun and cannot be stopped. */
  readonly cancelReason?: CancelReason;
  readonly shipment?: Shipment;
  /** What only the buyer can do, so that a pending order goes on: payment-service says where. */
  readonly waitingFor?: "payment-action";
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface RequestedItem {
  readonly productId: string;
  readonly quantity: number;
}

/** A product as product-service prices it now. */
export interface PricedProduct {
  readonly id: string;
  readonly name: string;
  readonly price: Money;
  readonly carbon: Carbon;
}

export type DraftRefusal =
  | { readonly refused: "product-not-found"; readonly positions: readonly number[] }
  | { readonly refused: "mixed-currencies" }
  | { readonly refused: "total-too-large" };

/** What a new order is made of besides its prices. */
export type OrderRequest = Pick<Order, "id" | "userId" | "shippingAddress" | "paymentMethod"> & {
  readonly items: readonly RequestedItem[];
  readonly at: Date;
};

/** In minor units; the most that the payment provider charges at once, in any currency. */
const largestTotal = 99_999_999;

/** Makes a pending order of the requested items at today's prices. */
export function draftOrder(
  { id, userId, items, shippingAddress, paymentMethod, at }: OrderRequest,
  products: readonly PricedProduct[],
): Order | DraftRefusal {
  const byId = new Map(products.map((product) => [product.id, product]));
  const lines: OrderItem[] = [];
  const unknown: number[] = [];
  let amount = 0;
  for (const [position, { productId, quantity }] of items.entries()) {
    const product = byId.get(productId);
    if (!product) {
      unknown.push(position);
      continue;
    }
    const { name, price, carbon } = product;
    lines.push({ productId, name, quantity, unitPrice: price, carbon: { kgCO2e: carbon.kgCO2e } });
    amount += price.amount * quantity;
    if (!Number.isSafeInteger(amount) || amount > largestTotal) return { refused: "total-too-large" };
  }
  if (unknown.length > 0) return { refused: "product-not-found", positions: unknown };
  const currency = lines[0]?.unitPrice.currency ?? "";
  if (lines.some(({ unitPrice }) => unitPrice.currency !== currency)) return { refused: "mixed-currencies" };
  return {
    id,
    userId,
    status: "pending",
    items: lines,
    total: { amount, currency },
    carbon: { kgCO2e: carbonTotal(lines.map((line) => ({ ...line.carbon, quantity: line.quantity }))) },
    shippingAddress,
    paymentMethod,
    createdAt: at,
    updatedAt: at,
  };
}

/** A pending order waits for its buyer, or does so no more. */
export function waiting({ waitingFor: _until, ...order }: Order, isWaiting: boolean): Order {
  return isWaiting ? { ...order, waitingFor: "payment-action" } : order;
}

/** Money is captured and stock is taken: the order stands. */
export const confirmed = (order: Order, paymentId: string, at: Date): Order => ({
  ...waiting(order, false),
  status: "confirmed",
  paymentId,
  updatedAt: at,
});

/** It has been decided that the order ends cancelled; its status says so when money and stock are back. */
export const cancelling = (order: Order, cancelReason: CancelReason, at: Date): Order => ({
  ...waiting(order, false),
  cancelReason,
  updatedAt: at,
});

/** Money and stock are back where they were. */
export const cancelled = (order: Order, cancelReason: CancelReason, at: Date): Order => ({
  ...waiting(order, false),
  status: "cancelled",
  cancelReason,
  updatedAt: at,
});

export type CancelRefusal =
  | { readonly refused: "already-cancelled" }
  | { readonly refused: "not-cancellable" };

/**
 * Whether an order may still be cancelled: until the parcel is with the carrier. `under-way` means that a cancellation
 * has begun before, so there is nothing left to decide.
 */
export function cancellation({
  status,
  cancelReason,
}: Pick<Order, "status" | "cancelReason">): "begins" | "under-way" | CancelRefusal {
  if (status === "cancelled") return { refused: "already-cancelled" };
  if (status === "shipped" || status === "delivered") return { refused: "not-cancellable" };
  return cancelReason ? "under-way" : "begins";
}

export type ShipRefusal = { readonly refused: "not-shippable" } | { readonly refused: "shipped-otherwise" };

/** The parcel goes to the carrier. Saying so again changes nothing: the order comes back as it is. */
export function ship(
  order: Order,
  { carrier, trackingNumber }: Pick<Shipment, "carrier" | "trackingNumber">,
  at: Date,
): Order | ShipRefusal {
  if (order.shipment) {
    const same = order.shipment.carrier === carrier && order.shipment.trackingNumber === trackingNumber;
    return same ? order : { refused: "shipped-otherwise" };
  }
  if (order.status !== "confirmed" || order.cancelReason) return { refused: "not-shippable" };
  return { ...order, status: "shipped", shipment: { carrier, trackingNumber, shippedAt: at }, updatedAt: at };
}

export type DeliverRefusal = { readonly refused: "not-deliverable" };

/** The parcel has arrived. Saying so again changes nothing: the order comes back as it is. */
export function deliver(order: Order, at: Date): Order | DeliverRefusal {
  if (order.status === "delivered") return order;
  if (order.status !== "shipped" || !order.shipment) return { refused: "not-deliverable" };
  return { ...order, status: "delivered", shipment: { ...order.shipment, deliveredAt: at }, updatedAt: at };
}
