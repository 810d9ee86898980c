import { readMatcher } from "#observability/alertmanager/inhibited";
import { metricsIn } from "#observability/grafana/metrics-in";
import type { AlertRule, RecordRule } from "#observability/prometheus/alert-files";
import { durationMs, longestAgeMs, type Window, windowsIn } from "./durations.ts";
import type { AlertmanagerFile, PrometheusFile, Route } from "./faster-configuration.ts";

export interface MonitoringFiles {
  readonly prometheus: PrometheusFile;
  readonly alertmanager: AlertmanagerFile;
  readonly records: readonly RecordRule[];
}

export interface AlertLimits {
  readonly receiver: string;
  /** From the first bad moment to the receiver, in ms. */
  readonly firesMs: number;
  /** From the last bad moment until the receiver knows of the end, in ms. */
  readonly resolvesMs: number;
}

/**
 * How long an alert may take by its rule, by the recording rules it reads, and by what Prometheus and Alertmanager are set to:
 * until it is scraped, until the window is full of it, once for each layer of rules, `for`, and the wait of its route.
 */
export function alertLimits(
  rule: AlertRule,
  { prometheus: { global }, alertmanager, records }: MonitoringFiles,
): AlertLimits {
  const evaluationMs = durationMs(global.evaluation_interval);
  const { riseMs, fallMs, layers } = reach(rule.expr, records);
  const seenMs =
    durationMs(global.scrape_interval) + durationMs(global.scrape_timeout) + layers * evaluationMs;
  const route = routeOf(alertmanager.route, { ...rule.labels, alertname: rule.alert });
  const forMs = Math.ceil(durationMs(rule.for ?? "0s") / evaluationMs) * evaluationMs;
  return {
    receiver: route.receiver ?? "",
    firesMs: seenMs + riseMs + longestAgeMs(rule.expr) + forMs + durationMs(route.group_wait ?? "30s"),
    resolvesMs:
      seenMs + fallMs + durationMs(rule.keep_firing_for ?? "0s") + durationMs(route.group_interval ?? "5m"),
  };
}

interface Reach {
  /** Until all of what is bad is in it, and until nothing of it is. */
  readonly riseMs: number;
  readonly fallMs: number;
  readonly layers: number;
}

/** How far back an expression looks through all recording rules, and how many rules stand behind each other. */
function reach(expr: string, records: readonly RecordRule[]): Reach {
  const of = (names: readonly string[]) =>
    records.filter(({ record }) => names.includes(record)).map((each) => reach(each.expr, records));
  const longest = (which: keyof Reach, names: readonly string[]) =>
    Math.max(0, ...of(names).map((each) => each[which]));
  const read = metricsIn(expr);
  const through = (which: "riseMs" | "fallMs", windows: readonly Window[]) =>
    Math.max(longest(which, read), ...windows.map(({ metric, ms }) => ms + longest(which, [metric])));
  const windows = windowsIn(expr);
  return {
    riseMs: through(
      "riseMs",
      windows.filter(({ highest }) => !highest),
    ),
    fallMs: through("fallMs", windows),
    layers: 1 + longest("layers", read),
  };
}

/** The route that Alertmanager takes: the first that matches at each level, with what those above it say. */
export function routeOf(route: Route, labels: Readonly<Record<string, string>>): Route {
  const next = route.routes?.find(({ matchers = [] }) =>
    matchers.map(readMatcher).every(({ label, pattern }) => pattern.test(labels[label] ?? "")),
  );
  if (!next) return route;
  const { routes: _, matchers: __, ...inherited } = route;
  return routeOf({ ...inherited, ...next }, labels);
}
