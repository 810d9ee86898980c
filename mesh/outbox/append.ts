import type { CloudEvent } from "../events/cloud-event.ts";
import type { Transaction } from "../postgres/sql.ts";

/** Writes events into the outbox of the transaction that makes them true; they are published after it commits. */
export async function appendEvents(
  tx: Transaction,
  topic: string,
  events: readonly CloudEvent[],
): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map((event) => ({
    event_id: event.id,
    topic,
    key: event.subject,
    payload: JSON.stringify(event),
  }));
  await tx`insert into outbox ${tx(rows, "event_id", "topic", "key", "payload")}`;
}
