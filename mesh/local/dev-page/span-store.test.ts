import { expect, test } from "bun:test";
import type { Span } from "./read-spans.ts";
import { SpanStore } from "./span-store.ts";

const hex = (n: number, length: number) => n.toString(16).padStart(length, "0");

function span(trace: number, id: number, more: Partial<Span> = {}): Span {
  return {
    traceId: hex(trace, 32),
    spanId: hex(id, 16),
    parentSpanId: undefined,
    service: "gateway",
    version: undefined,
    name: `span ${id}`,
    kind: "server",
    start: 1000 + id,
    end: 2000,
    failed: false,
    attributes: {},
    links: [],
    events: [],
    ...more,
  };
}

test("only so many traces are kept, those that were begun last", () => {
  const store = new SpanStore({ traces: 3, spansOfTrace: 10 });
  for (let n = 1; n <= 5; n++) store.add([span(n, n)]);
  expect(store.summaries().map(({ traceId }) => traceId)).toEqual([5, 4, 3].map((n) => hex(n, 32)));
  expect(store.get(hex(1, 32))).toEqual([]);
});

test("of a trace only so many spans are kept, the rest is counted; one that comes twice is one", () => {
  const store = new SpanStore({ traces: 3, spansOfTrace: 2 });
  store.add([span(1, 1), span(1, 1)]);
  expect(store.get(hex(1, 32))).toHaveLength(1);
  store.add([span(1, 2), span(1, 3), span(1, 4)]);
  expect(store.get(hex(1, 32))).toHaveLength(2);
  expect(store.droppedOf(hex(1, 32))).toBe(2);
});

test("whoever asks again is told only what has grown since", () => {
  const store = new SpanStore();
  store.add([span(1, 1), span(2, 2)]);
  const seen = store.changes;
  expect(store.summaries(seen)).toEqual([]);
  store.add([span(1, 3)]);
  expect(store.summaries(seen).map(({ traceId, spans }) => [traceId, spans])).toEqual([[hex(1, 32), 2]]);
});

test("a trace is called by what has no parent, until that comes by the earliest whose parent is missing", () => {
  const store = new SpanStore();
  const nameOf = () => store.summaries()[0]?.name;
  store.add([span(1, 5, { parentSpanId: hex(4, 16) }), span(1, 4, { parentSpanId: hex(1, 16) })]);
  expect(nameOf()).toBe("span 4");
  store.add([span(1, 1, { start: 5000, attributes: { "http.response.status_code": 500 }, failed: true })]);
  expect(nameOf()).toBe("span 1");
  expect(store.summaries()[0]).toMatchObject({ status: 500, failed: true });
});

test("what leads to a trace is found, also when it came before it", () => {
  const store = new SpanStore();
  const batch = span(2, 9, { links: [{ traceId: hex(1, 32), spanId: hex(1, 16) }] });
  store.add([batch]);
  expect(store.summaries()).toHaveLength(1);
  store.add([span(1, 1)]);
  expect(store.leadingTo(hex(1, 32))).toEqual([batch]);
  expect(store.leadingTo(hex(2, 32))).toEqual([]);
});
