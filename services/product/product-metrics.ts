import type { Metrics } from "#observability/metrics";

export type ProductMetrics = ReturnType<typeof createProductMetrics>;

export function createProductMetrics(metrics: Metrics) {
  return {
    /** `level` is where the value was found: process, redis, or none when it had to be loaded. */
    cacheLookups: metrics.counter("product_cache_lookups_total", "Values looked up in the cache", [
      "kind",
      "level",
    ]),
    /** `outcome` is what became of it: held, confirmed, released, expired, or the code of the refusal. */
    reservations: metrics.counter("product_reservations_total", "Steps of reservations", ["outcome"]),
    violations: metrics.counter(
      "invariant_violations_total",
      "Products whose stock disagrees with its deliveries or its reservations",
      ["invariant"],
    ),
  };
}
