import { type OrderEvents, orderEvent } from "#mesh/events/order-events";
import type { Order } from "./order.ts";

/** What `order.created` and `order.confirmed` tell about an order. No address: it is nobody else's business. */
export const placedData = (order: Order): OrderEvents["ecotrack.order.created.v1"] => ({
  orderId: order.id,
  userId: order.userId,
  items: [...order.items],
  total: order.total,
  carbon: order.carbon,
});

/** Says that `order` can only end cancelled from here on. */
export const cancellationStarted = ({ id: orderId, userId, cancelReason, updatedAt }: Order, id: string) =>
  orderEvent("ecotrack.order.cancellation-started.v1", {
    id,
    subject: orderId,
    time: updatedAt,
    data: { orderId, userId, reason: cancelReason ?? "" },
  });
