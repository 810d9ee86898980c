import { expect, test } from "bun:test";
import { runWith } from "#observability/context";
import { RecordedSpans } from "#observability/trace/testing/recorded-spans";
import { cloudEvent } from "../events/cloud-event.ts";
import { recordSends } from "./record-sends.ts";

const about = { id: "0190a5b0-7e1a-7000-8000-000000000000", subject: "o1", time: new Date(0) };
const row = (event: object) => ({ id: 1, topic: "order-events", key: "o1", payload: JSON.stringify(event) });

test("handing an event to the bus is told of in the trace that made it, and in no other", () => {
  const tracing = new RecordedSpans();
  const context = tracing.context();
  const recorded = runWith(context, () => cloudEvent("/order-service", "placed", { ...about, data: {} }));
  // What somebody wrote into an order must not lead anywhere.
  const forged = cloudEvent("/order-service", "placed", {
    ...about,
    data: { note: `"traceparent":"00-${"a".repeat(32)}-${"b".repeat(16)}-01"` },
  });
  const rows = [row(forged), row(recorded)];
  recordSends(tracing, { rows, system: "kafka", startedAt: performance.now() });
  expect(tracing.spans).toHaveLength(1);
  expect(tracing.named("send order-events")).toMatchObject({
    traceId: context.traceId,
    parentSpanId: context.spanId,
    attributes: {
      "messaging.system": "kafka",
      "messaging.destination.name": "order-events",
      "messaging.batch.message_count": 2,
    },
  });
});
