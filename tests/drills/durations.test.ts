import { expect, test } from "bun:test";
import { durationMs, fasterExpression, longestAgeMs, windowsIn } from "./durations.ts";

test.each([
  ["90s", 90_000],
  ["1h30m", 5_400_000],
  ["500ms", 500],
  ["35d", 3_024_000_000],
])("%s is %i ms", (text, ms) => {
  expect(durationMs(text)).toBe(ms);
});

test.each(["", "5", "5 m", "m5", "1y2"])("%p is no duration", (text) => {
  expect(() => durationMs(text)).toThrow(`This is no duration of Prometheus: "${text}"`);
});

test.each([
  ["rate(a[5m]) * 300 >= 10", "rate(a[30000ms]) * 300 >= 10"],
  ["sum_over_time(a[6h:5m])", "sum_over_time(a[2160000ms:30000ms])"],
  ["a unless a offset 1h", "a unless a offset 360000ms"],
  ["max by (job) (outbox_lag_seconds) > 60", "max by (job) (outbox_lag_seconds) > 6"],
  ["max(max_over_time(a_age_seconds[1m])) > 90", "max(max_over_time(a_age_seconds[6000ms])) > 9"],
  // Latency is no age: nobody answers faster.
  ["job:http_request_duration_seconds:p95_rate5m > 2", "job:http_request_duration_seconds:p95_rate5m > 2"],
  ['a{route=~"/[5m]x/[.]y"}[5m]', 'a{route=~"/[5m]x/[.]y"}[30000ms]'],
])("%s ten times as fast", (expr, faster) => {
  expect(fasterExpression(expr, 10)).toBe(faster);
});

test("at its own speed an expression is as it is", () => {
  expect(fasterExpression("rate(a[5m])", 1)).toBe("rate(a[5m])");
});

test.each([
  ["up == 0", []],
  [
    'rate(a{b="[9d]"}[1m]) and avg_over_time(c:d[1h:5m])',
    [
      { metric: "a", ms: 60_000, highest: false },
      { metric: "c:d", ms: 3_600_000, highest: false },
    ],
  ],
  ["max by (job) (max_over_time(a[1m])) > 60", [{ metric: "a", ms: 60_000, highest: true }]],
])("how far %s looks back", (expr, windows) => {
  expect(windowsIn(expr)).toEqual(windows);
});

test.each([
  ["max(notification_queue_age_seconds) > 900 and max(a) >= 10", 900_000],
  ["max by (job) (max_over_time(a_lag_seconds[1m])) > 60", 60_000],
  ["job:latency > 2", 0],
])("how old something has to be for %s", (expr, ms) => {
  expect(longestAgeMs(expr)).toBe(ms);
});
