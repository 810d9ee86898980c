import { type Attributes, type Link, SpanKind } from "@opentelemetry/api";
import { continueTrace, type RequestContext } from "#observability/context";
import type { EntrySpan } from "#observability/trace/in-entry-span";
import { linkedContext, originOf } from "#observability/trace/linked-context";
import type { ClaimedNotification } from "./notification-store.ts";
import type { Outcome } from "./record-outcomes.ts";

/**
 * What an attempt belongs to, so that its log lines and events carry the same ids: the first one to what the notification
 * came from; a later one to a trace of its own that leads there, because that may be hours ago.
 */
export function deliveryContext({ traceparent, correlationId, attempts }: ClaimedNotification): {
  readonly context: RequestContext;
  readonly links?: readonly Link[];
} {
  return attempts > 1
    ? linkedContext([originOf(traceparent, correlationId)])
    : { context: continueTrace(traceparent, correlationId) };
}

export const deliverySpan = (
  { id, type, attempts, orderId }: ClaimedNotification,
  links: readonly Link[] = [],
): EntrySpan<Outcome> => ({
  name: "notification-delivery",
  kind: SpanKind.INTERNAL,
  links,
  attributes: (outcome): Attributes => ({
    "notification.id": id,
    "notification.type": type,
    "notification.channel": "email",
    "notification.attempt": attempts,
    ...(orderId !== null && { "order.id": orderId }),
    ...(outcome && { "notification.outcome": wordFor(outcome) }),
  }),
  failed: (outcome) => "reason" in outcome,
});

const wordFor = (outcome: Outcome): string => ("ended" in outcome ? outcome.ended : "retried");
