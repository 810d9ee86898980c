import { crashPoint } from "#mesh/crash-point";
import type { ProductDeps } from "./product-deps.ts";
import { stockSold } from "./product-event.ts";
import type { ConfirmRefusal } from "./reservation.ts";

/** Sells what an order holds. Repeating it sells nothing more. @returns undefined when it is sold */
export async function confirmHold(deps: ProductDeps, orderId: string): Promise<ConfirmRefusal | undefined> {
  crashPoint("reservation-confirm:before");
  const outcome = await deps.confirmHold({ orderId, event: stockSold(deps.now()) });
  crashPoint("reservation-confirm:after");
  if ("refused" in outcome) {
    deps.metrics.reservations.inc({ outcome: outcome.refused });
    return outcome;
  }
  if (outcome.sold) deps.metrics.reservations.inc({ outcome: "confirmed" });
  return undefined;
}
