import { SpanKind } from "@opentelemetry/api";
import { newSpanId } from "#observability/context";
import type { Tracing } from "#observability/trace/tracing";
import type { Bus } from "../bus/bus.ts";
import type { WaitingRow } from "./outbox-store.ts";

/** The extension attribute of an event whose trace is recorded; within a string of JSON its quotes would be escaped. */
const recordedTrace = /"traceparent":"00-([0-9a-f]{32})-([0-9a-f]{16})-01"/;

/**
 * Tells, in the trace of each event that has one, that it was handed to the bus, and with how many others: how long it
 * waited in the outbox is the time before.
 * `startedAt` is of `performance.now()`.
 */
export function recordSends(
  tracing: Tracing,
  { rows, system, startedAt }: { rows: readonly WaitingRow[]; system: Bus["system"]; startedAt: number },
): void {
  const endedAt = performance.now();
  for (const { topic, payload } of rows) {
    const [, traceId, parentSpanId] = recordedTrace.exec(payload) ?? [];
    if (traceId === undefined || parentSpanId === undefined) continue;
    tracing.record({
      traceId,
      spanId: newSpanId(),
      parentSpanId,
      name: `send ${topic}`,
      kind: SpanKind.PRODUCER,
      startedAt,
      endedAt,
      attributes: {
        "messaging.system": system,
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": topic,
        "messaging.batch.message_count": rows.length,
      },
      failed: false,
    });
  }
}
