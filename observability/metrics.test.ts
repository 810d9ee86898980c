import { expect, test } from "bun:test";
import { createMetrics } from "./metrics.ts";

const samples = async (metrics: ReturnType<typeof createMetrics>, name: string) =>
  (await metrics.text()).split("\n").filter((line) => line.startsWith(`${name}{`));

test("a counter begins at 0 for each value that the register has for its labels", async () => {
  const metrics = createMetrics("order-service");
  const orders = metrics.counter("orders_total", "Orders", ["order_status", "payment_method"]);
  expect(await samples(metrics, "orders_total")).toHaveLength(10);
  orders.inc({ order_status: "shipped", payment_method: "paypal" });
  expect((await samples(metrics, "orders_total")).filter((line) => !line.endsWith(" 0"))).toEqual([
    'orders_total{order_status="shipped",payment_method="paypal",service="order-service"} 1',
  ]);
});

test("of values that differ between processes it has those of its own", async () => {
  const metrics = createMetrics("product-service");
  metrics.counter("invariant_violations_total", "Violations", ["invariant"]);
  expect(await samples(metrics, "invariant_violations_total")).toHaveLength(3);
});

test("a counter without labels is 0, and one whose labels are only bounded is not there yet", async () => {
  const metrics = createMetrics("notification-service");
  metrics.counter("outbox_published_total", "Events");
  metrics.counter("events_consumed_total", "Events", ["type", "outcome"]);
  expect(await samples(metrics, "outbox_published_total")).toEqual([
    'outbox_published_total{service="notification-service"} 0',
  ]);
  expect(await samples(metrics, "events_consumed_total")).toEqual([]);
});
