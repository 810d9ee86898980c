import { crashPoint } from "#mesh/crash-point";
import type { ProductDeps } from "./product-deps.ts";
import { type HoldRefusal, type Item, mergeItems } from "./reservation.ts";

/** Sets aside the items of an order for a while, all of them or none. @returns when the hold ends by itself */
export async function holdForOrder(
  deps: ProductDeps,
  orderId: string,
  items: readonly Item[],
  expiresInSeconds: number,
): Promise<{ readonly expiresAt: Date } | HoldRefusal> {
  const now = deps.now();
  const until = new Date(now.getTime() + expiresInSeconds * 1000);
  const lines = mergeItems(items);
  crashPoint("reservation-hold:before");
  const outcome = await deps.holdStock({ orderId, items: lines, until });
  crashPoint("reservation-hold:after");
  if ("refused" in outcome) {
    deps.metrics.reservations.inc({ outcome: outcome.refused });
    return outcome;
  }
  const { remaining } = outcome;
  if (remaining) {
    deps.metrics.reservations.inc({ outcome: "held" });
    deps.stock.learn(lines.map(({ productId }, line) => [productId, remaining[line] ?? 0] as const));
  }
  return { expiresAt: outcome.expiresAt };
}
