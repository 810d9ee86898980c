import { appendEvents } from "#mesh/outbox/append";
import type { ProductDeps } from "./product-deps.ts";
import { productTopic, stockChanged } from "./product-event.ts";
import { releaseReservation } from "./stock-store.ts";

/**
 * Gives back what an order holds or has bought, once. It always succeeds: an order that never held anything is
 * remembered as released, so that a hold which is still on its way comes too late.
 */
export async function releaseHold(deps: ProductDeps, orderId: string): Promise<void> {
  const time = deps.now();
  const { levels } = await deps.transaction(async (tx) => {
    const released = await releaseReservation(tx, orderId, time);
    if (released.wasSold) {
      const events = released.levels.map((level) =>
        stockChanged(level, "returned", { id: deps.newId(), time }),
      );
      await appendEvents(tx, productTopic, events);
    }
    return released;
  });
  if (levels.length > 0) deps.metrics.reservations.inc({ outcome: "released" });
  deps.stock.learn(levels.map((level) => [level.productId, level.onHand] as const));
}
