import { expect, test } from "bun:test";
import { readSpans } from "./read-spans.ts";
import { recordedOrder } from "./recorded-order.ts";
import { SpanStore } from "./span-store.ts";
import { waterfall } from "./waterfall.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const wire = {
  traceId,
  spanId: "00f067aa0ba902b7",
  parentSpanId: "",
  name: "POST /api/orders",
  kind: 2,
  startTimeUnixNano: "1795352411123456789",
  endTimeUnixNano: 1795352412000000000n.toString(),
  attributes: [
    { key: "http.response.status_code", value: { intValue: "201" } },
    { key: "list", value: { arrayValue: { values: [{ stringValue: "a" }, { boolValue: true }] } } },
    { key: "share", value: { doubleValue: 0.5 } },
  ],
  links: [{ traceId, spanId: "1111111111111111" }, { traceId: "no" }],
  events: [{ name: "exception", timeUnixNano: "1795352411500000000" }],
  status: { code: 2 },
};
const request = (...spans: unknown[]) => ({
  resourceSpans: [
    {
      resource: {
        attributes: [
          { key: "service.name", value: { stringValue: "gateway" } },
          { key: "service.version", value: { stringValue: "0.1.0" } },
        ],
      },
      scopeSpans: [{ spans }],
    },
  ],
});

test("a span is read with all that is shown of it", () => {
  expect(readSpans(request(wire))).toEqual([
    {
      traceId,
      spanId: "00f067aa0ba902b7",
      parentSpanId: undefined,
      service: "gateway",
      version: "0.1.0",
      name: "POST /api/orders",
      kind: "server",
      start: 1795352411123.456,
      end: 1795352412000,
      failed: true,
      attributes: { "http.response.status_code": 201, list: ["a", true], share: 0.5 },
      links: [{ traceId, spanId: "1111111111111111" }],
      events: [{ name: "exception", at: 1795352411500, attributes: {} }],
    },
  ]);
});

test("a bad span is left out among good ones; one that ends before it begins takes no time", () => {
  const backwards = { ...wire, endTimeUnixNano: "5" };
  const bad = [null, 7, {}, { ...wire, traceId: "x" }, { ...wire, startTimeUnixNano: "soon" }];
  const found = readSpans(request(...bad, backwards));
  expect(found.map(({ start, end }) => end - start)).toEqual([0]);
});

test("what is no request is refused or empty, and never more than a TypeError", () => {
  expect(() => readSpans({ resourceSpans: "all" })).toThrow(TypeError);
  for (const odd of [null, 7, [], {}, { resourceSpans: [null, { scopeSpans: 5 }] }])
    expect(readSpans(odd)).toEqual([]);
});

test("texts and lists have an end", () => {
  const many = Array.from({ length: 500 }, (_, at) => ({
    key: `k${at}`,
    value: { stringValue: "x".repeat(9999) },
  }));
  const [span] = readSpans(
    request({ ...wire, name: "n".repeat(9999), attributes: many, links: Array(999).fill(wire) }),
  );
  expect(span?.name).toHaveLength(2000);
  expect(Object.keys(span?.attributes ?? {})).toHaveLength(64);
  expect(span?.attributes.k0).toHaveLength(2000);
  expect(span?.links).toHaveLength(200);
});

test("an order that was placed is one picture, the batch of the inbox with it, and the gateway at its top", () => {
  const store = new SpanStore();
  const { requests, traceId: order } = recordedOrder();
  for (const each of requests.toReversed()) store.add(readSpans(each));
  const { rows } = waterfall({
    spans: store.get(order),
    leading: store.leadingTo(order),
    traceOf: (id) => store.get(id),
  });
  expect(rows[0]).toMatchObject({ service: "gateway", name: "POST /api/orders", kind: "server", offset: 0 });
  expect(rows.filter(({ orphan }) => orphan)).toEqual([]);
  expect(rows.filter(({ linked }) => linked).map(({ name }) => name)).toEqual([
    "process batch notification-service",
  ]);
  expect(store.summaries().find((each) => each.traceId === order)).toMatchObject({
    service: "gateway",
    status: 201,
    spans: 29,
    failed: false,
    services: ["gateway", "order-service", "product-service", "payment-service", "notification-service"],
  });
  expect(store.versionOf("order-service")).toBe("0.1.0");
});
