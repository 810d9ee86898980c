import { expect, test } from "bun:test";
import { checkMetrics } from "./check-metrics.ts";
import { checkSpans } from "./check-spans.ts";
import { parseExposition } from "./parse-exposition.ts";
import { parseTelemetry } from "./telemetry.ts";

const telemetry = parseTelemetry(`
metrics:
  - name: orders_total
    type: counter
    unit: "1"
    in: [order-service]
    owner: orders
    labels: { order_status: { values: [pending] }, region: { bound: 1, of: countries } }
    says: Orders.
spans:
  - name: "send {messaging.destination.name}"
    kind: producer
    in: services
    owner: orders
    attributes: [messaging.destination.name]
    sometimes: [error.type]
    says: An event.
log: []
`);

const orders = (...labels: readonly string[]) =>
  `# HELP orders_total Orders\n# TYPE orders_total counter\n${labels.map((each) => `orders_total{${each}} 1\n`).join("")}`;
const check = (text: string) => checkMetrics(telemetry, "order-service", parseExposition(text));
const fine = 'order_status="pending",region="DE",service="order-service"';

test("what is exposed as the register says is right, with samples and without", () => {
  expect(check(orders())).toEqual([]);
  expect(check(orders(fine))).toEqual([]);
  expect(checkMetrics(telemetry, "gateway", [])).toEqual([]);
});

test("each way to differ from the register is told", () => {
  expect(check("")).toEqual(["order-service does not expose orders_total"]);
  expect(check(orders(fine.replace("pending", "lost")))).toEqual([
    'order-service: orders_total {order_status} is "lost"',
  ]);
  expect(check(orders(fine, fine.replace("DE", "FR")))).toEqual([
    "order-service: orders_total {region} has 2 values",
  ]);
  expect(check(orders(`user="u1",${fine}`))).toEqual(["order-service: orders_total has a label user"]);
  expect(check(orders('order_status="pending"'))).toEqual([
    "order-service: orders_total has no label region",
  ]);
  expect(check(orders().replace("counter", "gauge"))).toEqual([
    "order-service: orders_total is a gauge and not a counter",
  ]);
  expect(check(orders() + orders().replaceAll("orders", "more"))).toEqual([
    "order-service exposes more_total, which telemetry.yaml does not say",
  ]);
});

test("a span is known by its kind, its process and the attributes in its name", () => {
  const attributes = { "messaging.destination.name": "order-events" };
  const span = { service: "order-service", kind: "producer", name: "send order-events", attributes } as const;
  expect(checkSpans(telemetry, [span])).toEqual([]);
  expect(checkSpans(telemetry, [])).toEqual(["there is no producer span send {messaging.destination.name}"]);
  for (const odd of [{ kind: "client" }, { service: "gateway" }, { name: "send" }] as const)
    expect(checkSpans(telemetry, [span, { ...span, ...odd }])).toHaveLength(1);
  const more = { ...attributes, "enduser.id": "u1", "error.type": "_OTHER" };
  expect(checkSpans(telemetry, [{ ...span, attributes: more }])).toEqual([
    "order-service: send {messaging.destination.name} (producer) has enduser.id",
  ]);
});
