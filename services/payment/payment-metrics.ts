import type { Metrics } from "#observability/metrics";

export type PaymentMetrics = ReturnType<typeof createPaymentMetrics>;

/**
 * What the business wants to know of payments. Outcomes: captured, authorized, requires-action, declined,
 * unknown, refunded, refund-failed.
 */
export function createPaymentMetrics(metrics: Metrics) {
  return {
    total: metrics.counter("payments_total", "Answers of payment providers, by outcome", [
      "gateway",
      "outcome",
    ]),
    findings: metrics.counter(
      "payment_reconciliation_findings_total",
      "What the provider's books and ours disagree about",
      ["kind"],
    ),
    /** Results: those of `WebhookResult`, and `given-up` for what waited too long. */
    webhooks: metrics.counter(
      "payment_webhooks_total",
      "Signed events of the providers, by what came of them",
      ["gateway", "result"],
    ),
    duration: metrics.histogram("payment_duration_seconds", "Time that a payment provider takes to answer", [
      "gateway",
    ]),
  };
}
