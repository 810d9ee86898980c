import { appendEvents } from "#mesh/outbox/append";
import type { ProductDeps } from "./product-deps.ts";
import { productTopic, stockChanged } from "./product-event.ts";
import type { ConfirmRefusal } from "./reservation.ts";
import { confirmReservation } from "./stock-store.ts";

/** Sells what an order holds. Repeating it sells nothing more. @returns undefined when it is sold */
export async function confirmHold(deps: ProductDeps, orderId: string): Promise<ConfirmRefusal | undefined> {
  const time = deps.now();
  const outcome = await deps.transaction(async (tx) => {
    const levels = await confirmReservation(tx, orderId, time);
    if ("refused" in levels) return levels;
    const events = levels.map((level) => stockChanged(level, "sold", { id: deps.newId(), time }));
    await appendEvents(tx, productTopic, events);
    return levels;
  });
  if ("refused" in outcome) {
    deps.metrics.reservations.inc({ outcome: outcome.refused });
    return outcome;
  }
  if (outcome.length > 0) deps.metrics.reservations.inc({ outcome: "confirmed" });
  return undefined;
}
