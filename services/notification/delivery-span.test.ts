import { expect, test } from "bun:test";
import { deliveryContext } from "./delivery-span.ts";
import type { ClaimedNotification } from "./notification-store.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const claimed = {
  traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
  correlationId: "checkout-1",
} as ClaimedNotification;

test("a first attempt is a part of what led to it", () => {
  const { context, links } = deliveryContext({ ...claimed, attempts: 1 });
  expect(context).toMatchObject({ traceId, parentSpanId: "00f067aa0ba902b7", correlationId: "checkout-1" });
  expect(links).toBeUndefined();
});

test("a later attempt, hours after perhaps, is a trace of its own that leads there", () => {
  const { context, links } = deliveryContext({ ...claimed, attempts: 2 });
  expect(context).toMatchObject({ traceFlags: 1, correlationId: "checkout-1" });
  expect(context.traceId).not.toBe(traceId);
  expect(context.parentSpanId).toBeUndefined();
  expect(links?.map((link) => link.context)).toEqual([
    { traceId, spanId: "00f067aa0ba902b7", traceFlags: 1 },
  ]);
});
