import { SpanKind } from "@opentelemetry/api";
import { type EntrySpan, inEntrySpan } from "#observability/trace/in-entry-span";
import { linkedContext, originOf } from "#observability/trace/linked-context";
import type { Tracing } from "#observability/trace/tracing";
import type { Bus, DeliveredMessage } from "../bus/bus.ts";
import type { CloudEvent } from "../events/cloud-event.ts";

interface Consumer {
  readonly group: string;
  readonly system: Bus["system"];
}

/** What is done about one event, by OpenTelemetry's conventions for messaging; a child of the work that made it true. */
export const processSpan = (
  { group, system }: Consumer,
  { id, type, source }: CloudEvent,
  message?: DeliveredMessage,
): EntrySpan => ({
  name: message ? `process ${message.topic}` : `process ${type}`,
  kind: SpanKind.CONSUMER,
  attributes: () => ({
    "messaging.system": system,
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    "messaging.consumer.group.name": group,
    "messaging.message.id": id,
    "cloudevents.event_id": id,
    "cloudevents.event_type": type,
    "cloudevents.event_source": source,
    ...(message && {
      "messaging.destination.name": message.topic,
      "messaging.destination.partition.id": String(message.partition),
    }),
  }),
});

/**
 * Claim, effects and commit belong to all events of a batch: where the trace of one is recorded they are in a trace of
 * their own, with a link to each of those.
 */
export function inBatchSpan(
  tracing: Tracing | undefined,
  { group, system, events }: Consumer & { readonly events: readonly CloudEvent[] },
  work: () => Promise<void>,
): Promise<void> {
  const traced = tracing?.on ? events.filter(({ traceparent }) => traceparent?.endsWith("-01")) : [];
  if (traced.length === 0) return work();
  const { context, links } = linkedContext(
    traced.map(({ traceparent, correlationid }) => originOf(traceparent, correlationid)),
  );
  const attributes = () => ({
    "messaging.system": system,
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    "messaging.consumer.group.name": group,
    "messaging.batch.message_count": events.length,
  });
  const name = `process batch ${group}`;
  return inEntrySpan(tracing, context, { name, kind: SpanKind.CONSUMER, links, attributes }, work);
}
