import type { Sql } from "#mesh/postgres/sql";
import { type Metrics, observeWork } from "#observability/metrics";
import type { Order } from "./order.ts";
import type { Invariant } from "./order-audit.ts";
import { backwardSteps, forwardSteps, type Outcome, type RemoteStep } from "./saga.ts";
import { countSagas } from "./saga-claim-store.ts";
import { countStuckSagas } from "./saga-operation-store.ts";

export type OrderMetrics = ReturnType<typeof createOrderMetrics>;

const sagaSteps = [...forwardSteps, ...backwardSteps];

/** Major units, from small change to a company's purchase. */
const valueBuckets = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];

/** The business metrics of orders. Floats are good enough here and nowhere else. */
export function createOrderMetrics(metrics: Metrics, sql: Sql) {
  const orders = metrics.counter("orders_total", "Orders that reached a status", [
    "order_status",
    "payment_method",
  ]);
  const value = metrics.histogram(
    "order_value",
    "Total of a confirmed order, in major units",
    ["currency", "region"],
    valueBuckets,
  );
  const processing = metrics.histogram(
    "order_processing_duration_seconds",
    "From placing to confirmed or cancelled",
    ["order_status"],
  );
  const carbon = metrics.counter("carbon_sold_kg_total", "Carbon of confirmed orders, in kg CO2e");
  metrics.gauge("sagas_stuck", "Sagas that need a hand", [], () => countStuckSagas(sql));
  const unfinished = async (figure: "count" | "oldestSeconds") => {
    const found = new Map((await countSagas(sql)).map((each) => [each.step, each[figure]]));
    return sagaSteps.map((step) => [{ step }, found.get(step) ?? 0] as const);
  };
  metrics.gauges("sagas_unfinished", "Sagas that have not ended, by the step they are at", ["step"], () =>
    unfinished("count"),
  );
  metrics.gauges("sagas_oldest_seconds", "Age of the oldest saga that has not ended", ["step"], () =>
    unfinished("oldestSeconds"),
  );
  const steps = metrics.histogram("saga_step_duration_seconds", "Time that a step of a saga takes", [
    "step",
    "outcome",
  ]);

  const violations = metrics.counter(
    "invariant_violations_total",
    "Orders that disagree with their stock or their money",
    ["invariant"],
  );

  return {
    /** A service has answered for a step, or has not. */
    stepped(step: RemoteStep, outcome: Outcome["kind"], seconds: number): void {
      observeWork(steps, { step, outcome }, seconds);
    },
    violated(invariant: Invariant): void {
      violations.inc({ invariant });
    },
    /** The parcel of an order has gone on. */
    moved({ status, paymentMethod }: Order): void {
      orders.inc({ order_status: status, payment_method: paymentMethod });
    },
    /** An order has reached a status for the first time. */
    reached({
      status,
      paymentMethod,
      total,
      carbon: { kgCO2e },
      shippingAddress,
      createdAt,
      updatedAt,
    }: Order): void {
      orders.inc({ order_status: status, payment_method: paymentMethod });
      if (status === "pending") return;
      processing.observe(
        { order_status: status },
        Math.max(0, updatedAt.getTime() - createdAt.getTime()) / 1000,
      );
      if (status !== "confirmed") return;
      value.observe({ currency: total.currency, region: shippingAddress.country }, total.amount / 100);
      carbon.inc(Math.max(0, Number(kgCO2e)));
    },
  };
}
