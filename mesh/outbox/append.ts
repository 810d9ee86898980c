import type { CloudEvent } from "../events/cloud-event.ts";
import type { Transaction } from "../postgres/sql.ts";

/** Writes events into the outbox of the transaction that makes them true; they are published after it commits. */
export async function appendEvents(
  tx: Transaction,
  topic: string,
  events: readonly CloudEvent[],
): Promise<void> {
  if (events.length === 0) return;
  const given = events.map((event) => ({
    id: event.id,
    key: event.subject,
    payload: JSON.stringify(event),
  }));
  // One text for any number of events, so that the statement is prepared once.
  await tx`
    insert into outbox (event_id, topic, key, payload)
    select id, ${topic}, key, payload
    from json_to_recordset(${JSON.stringify(given)}::text::json) as given (id uuid, key text, payload text)`;
}
