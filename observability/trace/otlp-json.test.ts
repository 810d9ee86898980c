import { expect, test } from "bun:test";
import { SpanKind, TraceFlags } from "@opentelemetry/api";
import type { EndedSpan } from "./ended-span.ts";
import { encodeResource, encodeShape, encodeSpan, requestEnd, requestOpening } from "./otlp-json.ts";

const span: EndedSpan = {
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
  spanId: "00f067aa0ba902b7",
  parentSpanId: "00f067aa0ba902b8",
  parentIsRemote: true,
  name: "GET /api/orders/{id}",
  kind: SpanKind.SERVER,
  startedAt: 1000.25,
  endedAt: 1001.5,
  attributes: {
    text: 'with "quotes"\n',
    whole: 200,
    part: 0.5,
    yes: true,
    list: ["a", "b"],
    none: undefined,
  },
  links: [
    {
      context: {
        traceId: "4bf92f3577b34da6a3ce929d0e0e4737",
        spanId: "00f067aa0ba902b9",
        traceFlags: TraceFlags.SAMPLED,
      },
    },
  ],
  events: [{ name: "retry", at: 1001, attributes: { attempt: 2 } }],
  failed: true,
};

/** What a request with these spans holds of them. */
const written = (spans: readonly EndedSpan[], epochMs = (at: number) => at) =>
  JSON.parse(
    requestOpening(encodeResource({ "service.name": "gateway" })) +
      spans.map((each) => encodeSpan(each, epochMs)).join() +
      requestEnd,
  );

test("a span is written as OTLP's JSON has it", () => {
  // The nanoseconds of 2026 do not fit into a number.
  const epochMs = (at: number) => 1_795_000_000_000 + at;
  expect(written([span], epochMs).resourceSpans[0].scopeSpans[0].spans).toEqual([
    {
      traceId: span.traceId,
      spanId: span.spanId,
      parentSpanId: "00f067aa0ba902b8",
      flags: 0x301,
      name: "GET /api/orders/{id}",
      kind: 2,
      startTimeUnixNano: "1795000001000250000",
      endTimeUnixNano: "1795000001001500000",
      attributes: [
        { key: "text", value: { stringValue: 'with "quotes"\n' } },
        { key: "whole", value: { intValue: "200" } },
        { key: "part", value: { doubleValue: 0.5 } },
        { key: "yes", value: { boolValue: true } },
        { key: "list", value: { arrayValue: { values: [{ stringValue: "a" }, { stringValue: "b" }] } } },
      ],
      events: [
        {
          timeUnixNano: "1795000001001000000",
          name: "retry",
          attributes: [{ key: "attempt", value: { intValue: "2" } }],
        },
      ],
      links: [{ traceId: "4bf92f3577b34da6a3ce929d0e0e4737", spanId: "00f067aa0ba902b9", flags: 1 }],
      status: { code: 2 },
    },
  ]);
});

test("what is not there is not written, and a request holds spans of one resource", () => {
  const plain: EndedSpan = {
    ...span,
    parentSpanId: undefined,
    parentIsRemote: false,
    attributes: {},
    links: [],
    events: [],
    failed: false,
  };
  const request = written([plain, plain]);
  const { spans } = request.resourceSpans[0].scopeSpans[0];
  expect(Object.keys(spans[0])).toEqual([
    "traceId",
    "spanId",
    "flags",
    "startTimeUnixNano",
    "endTimeUnixNano",
    "name",
    "kind",
    "attributes",
  ]);
  expect(request.resourceSpans[0].resource.attributes).toEqual([
    { key: "service.name", value: { stringValue: "gateway" } },
  ]);
  expect(spans).toHaveLength(2);
});

test("a shape that was encoded before is written as it is", () => {
  expect(written([{ ...span, encoded: encodeShape(span) }])).toEqual(written([span]));
});

test("the nanoseconds of a second keep their zeros", () => {
  const { spans } = written([{ ...span, startedAt: 5000.000001, endedAt: 5999.75 }]).resourceSpans[0]
    .scopeSpans[0];
  expect(spans[0]).toMatchObject({ startTimeUnixNano: "5000000001", endTimeUnixNano: "5999750000" });
});
