import type { CloudEvent } from "#mesh/events/cloud-event";
import { orderTopic } from "#mesh/events/order-events";
import type { Transaction } from "#mesh/postgres/sql";
import type { Order } from "./order.ts";
import type { HistoryEntry } from "./saga-run.ts";

/** Stores that the parcel of an order has gone on, with its entry in the history and its event. The saga is locked by then. */
export async function saveShipment(
  tx: Transaction,
  { id, status, shipment, updatedAt }: Order,
  entry: HistoryEntry,
  event: CloudEvent,
): Promise<void> {
  await tx`
    with changed as (
      update orders set status = ${status}, shipment = ${tx.json({ ...shipment })}, updated_at = ${updatedAt}
      where id = ${id} returning id
    ), noted as (
      insert into order_history (order_id, at, kind, name, detail, data)
      select id, ${entry.at}, ${entry.kind}, ${entry.name}, ${entry.detail ?? null}, ${tx.json(entry.data as never)}
      from changed
    )
    insert into outbox (event_id, topic, key, payload)
    select ${event.id}, ${orderTopic}, id, ${JSON.stringify(event)} from changed`;
}
