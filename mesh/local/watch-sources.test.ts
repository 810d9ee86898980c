import { expect, test } from "bun:test";
import { affectedProcesses, isAffected } from "./watch-sources.ts";

test.each([
  ["services/order/place-order.ts", "order-service"],
  ["services/order/migrations/0002_notes.sql", "order-service"],
  ["services/product/seed/families.csv", "product-service"],
  ["services/payment/stripe-gateway.ts", "payment-service"],
  ["services/payment/sandbox/sandbox.ts", "stripe-sandbox"],
  ["services/notification/mailbox/page.ts", "mailbox"],
  ["gateway/stages/authenticate.ts", "gateway"],
  ["mesh/local/dev-page/page/dev-page.css", "dev-page"],
  ["mesh/local/dev-page/waterfall.ts", "dev-page"],
  ["mesh/outbox/relay.ts", "all"],
  ["mesh/outbox/outbox.sql", "all"],
  ["observability/log.ts", "all"],
])("a change of %s restarts %s", (path, affected) => {
  expect(affectedProcesses(path)).toBe(affected);
});

test.each([
  "services/order/order.test.ts",
  "services/order/README.md",
  "services/order/order.ts~",
  "services/4913",
  "gateway/bench/proxy.ts",
  "gateway/gateway.yaml",
  "mesh/local/dev.ts",
  "mesh/helm/values.yaml",
  "observability/grafana/dashboard.json",
])("a change of %s restarts nothing", (path) => {
  expect(affectedProcesses(path)).toBeUndefined();
});

test("a change that restarts all leaves the page what it has seen of them", () => {
  expect(isAffected("order-service", "all")).toBe(true);
  expect(isAffected("dev-page", "all")).toBe(false);
  expect(isAffected("dev-page", "dev-page")).toBe(true);
  expect(isAffected("order-service", "dev-page")).toBe(false);
});
