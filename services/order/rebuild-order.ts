import {
  type CancelReason,
  cancelled,
  cancelling,
  confirmed,
  deliver,
  type Order,
  type Shipment,
  ship,
  waiting,
} from "./order.ts";
import type { HistoryEntry } from "./saga-run.ts";

/** What the first entry of an order's history holds: all of the order that does not follow from the entry itself. */
export type PlacedFacts = Pick<
  Order,
  "userId" | "items" | "total" | "carbon" | "shippingAddress" | "paymentMethod"
>;

export const placedFacts = (order: Order): PlacedFacts => {
  const { userId, items, total, carbon, shippingAddress, paymentMethod } = order;
  return { userId, items, total, carbon, shippingAddress, paymentMethod };
};

export type RebuildRefusal = { readonly refused: "incomplete-history"; readonly detail: string };

/**
 * The order as its history alone tells it: the statuses it reached and the decision to undo it, in their order. Of the
 * steps of its saga only the charge changes it, when it waits for the buyer.
 */
export function rebuildOrder(id: string, history: readonly HistoryEntry[]): Order | RebuildRefusal {
  let order: Order | undefined;
  for (const entry of history) {
    if (entry.kind === "step") {
      if (order && entry.name === "charge") order = waiting(order, entry.outcome === "waiting");
      continue;
    }
    const next = apply(id, order, entry);
    if ("refused" in next) return next;
    order = next;
  }
  return order ?? incomplete("there is no entry");
}

function apply(id: string, order: Order | undefined, entry: HistoryEntry): Order | RebuildRefusal {
  const { at, kind, name, data, detail } = entry;
  if (kind === "status" && name === "pending") {
    if (order || !data) return incomplete("the entry of its placing does not say what was ordered");
    return { ...(data as PlacedFacts), id, status: "pending", createdAt: at, updatedAt: at };
  }
  if (!order) return incomplete(`"${name}" comes before its placing`);
  if (kind === "decision") {
    return name === "compensate" ? cancelling(order, detail as CancelReason, at) : order;
  }
  const changed = reached(order, entry);
  if (!changed || "refused" in changed) return incomplete(`${order.status} cannot be followed by ${name}`);
  return changed;
}

function reached(order: Order, { at, name, data, detail }: HistoryEntry) {
  switch (name) {
    case "confirmed":
      return confirmed(order, (data as { paymentId: string }).paymentId, at);
    case "cancelled":
      return cancelled(order, detail as CancelReason, at);
    case "shipped":
      return ship(order, data as Pick<Shipment, "carrier" | "trackingNumber">, at);
    case "delivered":
      return deliver(order, at);
    default:
      return undefined;
  }
}

const incomplete = (detail: string): RebuildRefusal => ({ refused: "incomplete-history", detail });
