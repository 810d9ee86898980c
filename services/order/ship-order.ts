import { orderEvent } from "#mesh/events/order-events";
import type { UserCaller } from "#mesh/identity/caller";
import { saveShipment } from "./lifecycle-store.ts";
import { type DeliverRefusal, deliver, type Order, type Shipment, type ShipRefusal, ship } from "./order.ts";
import type { OrderDeps } from "./order-deps.ts";
import { findOrder } from "./order-store.ts";
import { lockSaga } from "./saga-claim-store.ts";

export type MoveRefusal = ShipRefusal | DeliverRefusal | { readonly refused: "order-not-found" };

/** Notes that the parcel is with the carrier; from then on the order cannot be cancelled. Repeating it changes nothing. */
export const shipOrder = (
  deps: OrderDeps,
  caller: UserCaller,
  id: string,
  parcel: Pick<Shipment, "carrier" | "trackingNumber">,
): Promise<Order | MoveRefusal> => move(deps, caller, id, (order) => ship(order, parcel, deps.now()));

/** Notes that the parcel has arrived. Repeating it changes nothing. */
export const deliverOrder = (deps: OrderDeps, caller: UserCaller, id: string): Promise<Order | MoveRefusal> =>
  move(deps, caller, id, (order) => deliver(order, deps.now()));

/** Load, decide, save. The saga is locked first, so that a cancellation comes either before or after, never between. */
async function move(
  deps: OrderDeps,
  { userId: by }: UserCaller,
  id: string,
  decide: (order: Order) => Order | MoveRefusal,
): Promise<Order | MoveRefusal> {
  const { moved, order } = await deps.transaction(async (tx) => {
    const saga = await lockSaga(tx, id);
    const found = saga && (await findOrder(tx, id));
    if (!found) return { moved: false, order: { refused: "order-not-found" } as const };
    const decided = decide(found);
    if ("refused" in decided || decided === found) return { moved: false, order: decided };
    const { shipment } = decided;
    const detail =
      decided.status === "shipped" && shipment && `${shipment.carrier} ${shipment.trackingNumber}`;
    const data = { ...shipment, by };
    const entry = { at: decided.updatedAt, kind: "status", name: decided.status, data } as const;
    await saveShipment(
      tx,
      decided,
      { ...entry, ...(detail && { detail }) },
      moveEvent(decided, deps.newId()),
    );
    return { moved: true, order: decided };
  });
  if (moved && !("refused" in order)) deps.metrics.moved(order);
  return order;
}

function moveEvent({ id: orderId, userId, status, shipment, updatedAt }: Order, id: string) {
  const about = { id, subject: orderId, time: updatedAt };
  if (status === "delivered") {
    return orderEvent("ecotrack.order.delivered.v1", { ...about, data: { orderId, userId } });
  }
  const { carrier = "", trackingNumber = "" } = shipment ?? {};
  const data = { orderId, userId, carrier, trackingNumber };
  return orderEvent("ecotrack.order.shipped.v1", { ...about, data });
}
