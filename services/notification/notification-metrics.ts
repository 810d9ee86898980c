import type { Sql } from "#mesh/postgres/sql";
import type { Metrics } from "#observability/metrics";
import { queueDepth } from "./notification-store.ts";

export type NotificationMetrics = ReturnType<typeof createNotificationMetrics>;

export function createNotificationMetrics(metrics: Metrics, sql: Sql) {
  metrics.gauge(
    "notification_queue_depth",
    "Notifications that wait",
    [],
    async () => (await queueDepth(sql)).depth,
  );
  metrics.gauge(
    "notification_queue_age_seconds",
    "How long the oldest notification waits",
    [],
    async () => (await queueDepth(sql)).ageSeconds,
  );
  return {
    notifications: metrics.counter("notifications_total", "Attempts to deliver, by how they ended", [
      "channel",
      "outcome",
    ]),
    duration: metrics.histogram(
      "notification_delivery_duration_seconds",
      "From the event to the mail server's word",
      ["channel"],
    ),
  };
}
