import { expect, test } from "bun:test";
import { alertLimits, routeOf } from "./alert-limits.ts";
import { drills } from "./drills.ts";
import { readShipped } from "./start-monitoring.ts";

const files = {
  prometheus: {
    global: { scrape_interval: "15s", scrape_timeout: "10s", evaluation_interval: "15s" },
    rule_files: [],
    scrape_configs: [],
  },
  alertmanager: {
    global: { resolve_timeout: "5m" },
    route: {
      receiver: "tickets",
      group_wait: "30s",
      group_interval: "5m",
      routes: [{ matchers: ["severity = page"], receiver: "people", group_wait: "10s" }],
    },
    inhibit_rules: [],
    receivers: [],
  },
  records: [
    { record: "a:rate5m", expr: "rate(a[5m])" },
    { record: "a:ratio", expr: "a:rate5m / b or 0 * a:rate5m" },
    { record: "a:ratio1h", expr: "avg_over_time(a:ratio[1h])" },
  ],
};

test("an alert of the last value takes a scrape, a rule, `for` and the wait of its route", () => {
  const rule = { alert: "A", expr: "up == 0", for: "1m", labels: { severity: "page" } };
  expect(alertLimits(rule, files)).toEqual({
    receiver: "people",
    firesMs: (15 + 10 + 15 + 60 + 10) * 1000,
    resolvesMs: (15 + 10 + 15 + 300) * 1000,
  });
});

test("windows and rules behind rules are counted, and `for` ends at a round", () => {
  const rule = { alert: "A", expr: "a:ratio > 0.1", for: "50s", keep_firing_for: "2m" };
  expect(alertLimits(rule, files)).toEqual({
    receiver: "tickets",
    firesMs: (15 + 10 + 300 + 3 * 15 + 60 + 30) * 1000,
    resolvesMs: (15 + 10 + 300 + 3 * 15 + 120 + 300) * 1000,
  });
});

test("a window over what has a window is as long as both, and the highest of one rises at once", () => {
  const plain = alertLimits({ alert: "A", expr: "up" }, files);
  const long = alertLimits({ alert: "A", expr: "a:ratio1h > 0.1" }, files);
  const highest = alertLimits({ alert: "A", expr: "max(max_over_time(up[1m])) > 1" }, files);
  expect(long.firesMs - plain.firesMs).toBe((3600 + 300 + 3 * 15) * 1000);
  expect(highest.firesMs - plain.firesMs).toBe(0);
  expect(highest.resolvesMs - plain.resolvesMs).toBe(60_000);
});

test("what has to be of an age takes that long besides", () => {
  const young = alertLimits({ alert: "A", expr: "a > 60" }, files);
  const old = alertLimits({ alert: "A", expr: "a_lag_seconds > 60" }, files);
  expect(old.firesMs - young.firesMs).toBe(60_000);
});

test("a route has what those above it say, and the first that matches is taken", () => {
  const route = {
    receiver: "a",
    group_wait: "1s",
    routes: [
      {
        matchers: ["severity = page"],
        receiver: "b",
        routes: [{ matchers: ["owner =~ x|y"], receiver: "c" }],
      },
      { receiver: "d", group_wait: "2s" },
    ],
  };
  expect(routeOf(route, { severity: "page", owner: "y" })).toEqual(
    expect.objectContaining({ receiver: "c", group_wait: "1s" }),
  );
  expect(routeOf(route, { severity: "page" }).receiver).toBe("b");
  expect(routeOf(route, {})).toMatchObject({ receiver: "d", group_wait: "2s" });
});

test("every drill waits for an alert that there is", () => {
  const known = readShipped().alerts.map(({ alert }) => alert);
  const wanted = drills.flatMap(({ alert }) => alert ?? []);
  expect(wanted.filter((alert) => !known.includes(alert))).toEqual([]);
});
