import type { Redis } from "ioredis";
import type { Metrics } from "#observability/metrics";

/** `redis_connected`: whether commands can be sent; nobody is asked. */
export function measureRedis(metrics: Metrics, redis: Redis): void {
  metrics.gauge("redis_connected", "1 while the connection to Redis stands", [], () =>
    redis.status === "ready" ? 1 : 0,
  );
}
