import type { Metrics } from "#observability/metrics";
import type { SessionStore } from "./session-store.ts";

export type UserMetrics = ReturnType<typeof createUserMetrics>;

/** The business metrics of user-service, under the names that dashboards and alerts use. */
export function createUserMetrics(metrics: Metrics, sessions: SessionStore) {
  let lastCount = 0;
  metrics.gauge(
    "active_users",
    "People who signed in or refreshed within 30 minutes, over all processes: take the maximum, not the sum",
    [],
    async () => {
      // A scrape must not fail with Redis: the last known figure stays.
      lastCount = await sessions.countActiveUsers().catch(() => lastCount);
      return lastCount;
    },
  );
  return {
    registrations: metrics.counter("user_registrations_total", "Accounts that were made", [
      "registration_type",
      "source",
    ]),
    loginFailures: metrics.counter(
      "user_login_failures_total",
      "Sign-ins that were refused, by why: wrong credentials or which limit",
      ["reason"],
    ),
    loginDuration: metrics.histogram("user_login_duration_seconds", "Time to check a sign-in", [
      "authentication_method",
      "success",
    ]),
  };
}
