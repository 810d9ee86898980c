import { afterEach, expect, test } from "bun:test";
import { SpanKind, TraceFlags } from "@opentelemetry/api";
import { eventually } from "../../mesh/eventually.ts";
import { createLog } from "../log.ts";
import { createMetrics } from "../metrics.ts";
import type { EndedSpan } from "./ended-span.ts";
import { type OtlpReceiver, startOtlpReceiver } from "./otlp-receiver.ts";
import { Tracing, type TracingOptions } from "./tracing.ts";

let receiver: OtlpReceiver | undefined;
afterEach(async () => {
  await receiver?.close();
  receiver = undefined;
});

const span: EndedSpan = {
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
  spanId: "00f067aa0ba902b7",
  name: "order-processing",
  kind: SpanKind.INTERNAL,
  startedAt: performance.now() - 5,
  endedAt: performance.now(),
  attributes: { "order.items": 2 },
  failed: false,
};

function testTracing(options: Partial<TracingOptions> = {}) {
  const metrics = createMetrics("test");
  const log = createLog({ service: "test", level: "silent", destination: { write: () => {} } });
  const resource = { "service.name": "order-service", "service.version": "1" };
  return { metrics, tracing: new Tracing({ resource, ratio: 0.1, slowMs: 500, metrics, log, ...options }) };
}

test("a span arrives at the collector as it was", async () => {
  receiver = await startOtlpReceiver();
  const { tracing } = testTracing({ endpoint: receiver.endpoint });
  tracing.record(span);
  await tracing.close(2000);
  const [found] = receiver.spans;
  expect(found).toMatchObject({
    service: "order-service",
    traceId: span.traceId,
    spanId: span.spanId,
    name: "order-processing",
    kind: "internal",
    attributes: { "order.items": 2 },
    resource: { "service.version": "1" },
    failed: false,
  });
  expect(Math.abs((found?.end ?? 0) - Date.now())).toBeLessThan(10_000);
  expect((found?.end ?? 0) - (found?.start ?? 0)).toBeCloseTo(span.endedAt - span.startedAt, 2);
});

test("a collector that refuses, or is not there, costs spans and nothing else", async () => {
  receiver = await startOtlpReceiver({ answer: () => 400 });
  const refused = testTracing({ endpoint: receiver.endpoint });
  refused.tracing.record(span);
  await refused.tracing.close(2000);
  expect(await refused.metrics.text()).toContain('dropped_total{reason="refused",service="test"} 1');
  const { endpoint } = receiver;
  await receiver.close();
  receiver = undefined;
  const away = testTracing({ endpoint });
  away.tracing.record(span);
  await away.tracing.close(200);
  expect(await away.metrics.text()).toContain('dropped_total{reason="unreachable",service="test"} 1');
});

test("a collector that is busy is asked again", async () => {
  let busy = true;
  receiver = await startOtlpReceiver({ answer: () => (busy ? 503 : undefined) });
  const { tracing } = testTracing({ endpoint: receiver.endpoint, everyMs: 5 });
  tracing.record(span);
  busy = false;
  expect(await eventually(() => receiver?.spans[0])).toMatchObject({ name: "order-processing" });
  await tracing.close(100);
});

test("a recorded trace, a failure and what was slow are told of, nothing else is", async () => {
  const { tracing } = testTracing({ endpoint: "http://127.0.0.1:9" });
  expect(tracing.keeps(TraceFlags.SAMPLED, false, 1)).toBe(true);
  expect(tracing.keeps(TraceFlags.NONE, true, 1)).toBe(true);
  expect(tracing.keeps(TraceFlags.NONE, false, 500)).toBe(true);
  expect(tracing.keeps(TraceFlags.NONE, false, 499.9)).toBe(false);
  await tracing.close(0);
});

test("without a collector nothing is traced", () => {
  const { tracing } = testTracing({ ratio: 1 });
  expect(tracing.on).toBe(false);
  expect(tracing.sample()).toBe(TraceFlags.NONE);
  expect(tracing.keeps(TraceFlags.SAMPLED, true, 10_000)).toBe(false);
  tracing.record(span);
});

test("the share of what is recorded is the one that was asked for", async () => {
  for (const ratio of [0, 0.1, 1]) {
    const { tracing } = testTracing({ endpoint: "http://127.0.0.1:9", ratio });
    let sampled = 0;
    for (let each = 0; each < 20_000; each++) if (tracing.sample() === TraceFlags.SAMPLED) sampled++;
    // Six standard deviations of 20,000 throws at one in ten are 255.
    expect(Math.abs(sampled - ratio * 20_000)).toBeLessThanOrEqual(ratio % 1 === 0 ? 0 : 255);
    await tracing.close(0);
  }
});
