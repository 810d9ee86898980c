import type { Redis } from "ioredis";
import { Counter } from "prom-client";
import type { Metrics } from "#observability/metrics";
import { LeasedLimiter, type LeasedLimiterOptions } from "./leased-limiter.ts";
import { RedisLedger } from "./redis-ledger.ts";
import { sources } from "./tally.ts";

/** Seconds; a command to Redis takes some tenths of a millisecond. */
const commandBuckets = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1];

type OpenLimiterOptions = Omit<LeasedLimiterOptions, "ledger" | "onCommand"> & {
  readonly redis: Redis;
  /** Processes of one name share. */
  readonly group?: string | undefined;
  readonly metrics: Metrics;
};

/** A limiter that can be watched. None of its metrics is labelled with a key. */
export function openLimiter({ redis, group, metrics, ...options }: OpenLimiterOptions): LeasedLimiter {
  const seconds = metrics.histogram(
    "gateway_limiter_redis_seconds",
    "Commands of the limiter, from sending to the answer",
    [],
    commandBuckets,
  );
  const renewals = metrics.counter("gateway_limiter_renewals_total", "Keys spoken of with Redis");
  const limiter = new LeasedLimiter({
    ...options,
    ledger: new RedisLedger(redis, group),
    onCommand(took, keys) {
      seconds.observe(took);
      if (keys > 0) renewals.inc(keys);
    },
  });
  countDecisions(metrics, limiter);
  metrics.gauge("gateway_limiter_degraded", "1 while limits are decided without Redis", [], () =>
    limiter.degraded ? 1 : 0,
  );
  metrics.gauge(
    "gateway_limiter_processes",
    "Gateway processes that share the limits",
    [],
    () => limiter.processes,
  );
  metrics.gauge("gateway_limiter_keys", "Keys in memory", [], () => limiter.limiter.keys);
  return limiter;
}

/** The limiter counts in plain numbers; they are read when somebody asks. */
function countDecisions({ registry }: Metrics, { limiter }: LeasedLimiter): void {
  const name = "gateway_rate_limit_decisions_total";
  if (registry.getSingleMetric(name)) return;
  const counter = new Counter({
    name,
    help: "Rate limit decisions",
    labelNames: ["limit", "outcome", "source"],
    registers: [registry],
    collect() {
      counter.reset();
      for (const [limit, { allowed, refused }] of limiter.tallies) {
        for (const source of sources) {
          if (allowed[source] > 0) counter.inc({ limit, outcome: "allowed", source }, allowed[source]);
          if (refused[source] > 0) counter.inc({ limit, outcome: "refused", source }, refused[source]);
        }
      }
    },
  });
}
