import { linksTo } from "../explore-link.ts";
import { timeseries } from "../panel.ts";

const order = linksTo("order-service");
const payment = linksTo("payment-service");

export const orders = timeseries({
  title: "Orders",
  description: "That reached a status, a minute, by how they are paid.",
  unit: "opm",
  links: order,
  queries: [
    {
      expr: "60 * sum by (order_status, payment_method) (rate(orders_total[$__rate_interval]))",
      legend: "{{order_status}} {{payment_method}}",
    },
  ],
});
export const processing = timeseries({
  title: "Time to an outcome",
  description:
    "From placing to confirmed or cancelled, p95. After 2 s the client is told that the order is pending.",
  unit: "s",
  steps: [[2, "orange"]],
  links: order,
  exemplars: true,
  queries: [
    {
      expr: "histogram_quantile(0.95, sum by (le, order_status) (rate(order_processing_duration_seconds_bucket[$__rate_interval])))",
      legend: "{{order_status}}",
    },
  ],
});
export const sagas = timeseries({
  title: "Sagas",
  description: "That have not ended, and that need a hand: see the runbook of stuck sagas.",
  unit: "short",
  links: order,
  // Every process reads the same table.
  queries: [
    { expr: "max by (step) (sagas_unfinished)", legend: "at {{step}}" },
    { expr: "max(sagas_stuck)", legend: "stuck" },
  ],
});
export const sagaAge = timeseries({
  title: "Age of the oldest saga",
  description: "That has not ended, by the step it is at.",
  unit: "s",
  steps: [[60, "orange"]],
  links: order,
  queries: [{ expr: "max by (step) (sagas_oldest_seconds)", legend: "{{step}}" }],
});
export const sagaSteps = timeseries({
  title: "Time of a saga's steps",
  description: "In the other service, retries included, p95.",
  unit: "s",
  links: order,
  exemplars: true,
  queries: [
    {
      expr: "histogram_quantile(0.95, sum by (le, step, outcome) (rate(saga_step_duration_seconds_bucket[$__rate_interval])))",
      legend: "{{step}} {{outcome}}",
    },
  ],
});
export const violations = timeseries({
  title: "Invariants that do not hold",
  description: "Orders that disagree with their stock or their money. Any is a page.",
  unit: "short",
  steps: [[1, "red"]],
  links: order,
  queries: [
    {
      expr: "sum by (job, invariant) (increase(invariant_violations_total[$__range]))",
      legend: "{{job}} {{invariant}}",
    },
  ],
});
export const paymentAnswers = timeseries({
  title: "Answers of payment providers",
  description:
    "A minute. Unknown: nobody knows yet whether money moved; the provider is asked again with the same key.",
  unit: "opm",
  links: payment,
  queries: [
    {
      expr: "60 * sum by (gateway, outcome) (rate(payments_total[$__rate_interval]))",
      legend: "{{gateway}} {{outcome}}",
    },
  ],
});
export const paymentDuration = timeseries({
  title: "Time of payment providers",
  description: "Until they answer, p95.",
  unit: "s",
  steps: [[2, "orange"]],
  links: payment,
  exemplars: true,
  queries: [
    {
      expr: "histogram_quantile(0.95, sum by (le, gateway) (rate(payment_duration_seconds_bucket[$__rate_interval])))",
      legend: "{{gateway}}",
    },
  ],
});
export const webhooks = timeseries({
  title: "News of payment providers",
  description: "Signed events, by what came of them, a minute.",
  unit: "opm",
  links: payment,
  queries: [
    {
      expr: "60 * sum by (gateway, result) (rate(payment_webhooks_total[$__rate_interval]))",
      legend: "{{gateway}} {{result}}",
    },
  ],
});
export const findings = timeseries({
  title: "Disagreements of the books",
  description: "Between a provider's and ours, found in the time that is shown.",
  unit: "short",
  steps: [[1, "red"]],
  links: payment,
  queries: [
    {
      expr: "sum by (kind) (increase(payment_reconciliation_findings_total[$__range]))",
      legend: "{{kind}}",
    },
  ],
});
