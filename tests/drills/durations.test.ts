import { expect, test } from "bun:test";
import { durationMs, fasterExpression, longestAgeMs, longestWindowMs, riseWindowMs } from "./durations.ts";

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

test("how far an expression looks back, and how old something has to be", () => {
  expect(longestWindowMs('rate(a[1m]) and avg_over_time(b{c="[9d]"}[1h:5m])')).toBe(3_600_000);
  expect(longestWindowMs("up == 0")).toBe(0);
  expect(longestWindowMs("max by (job) (max_over_time(a[1m])) > 60")).toBe(60_000);
  expect(riseWindowMs("max by (job) (max_over_time(a[1m])) > 60")).toBe(0);
  expect(riseWindowMs("rate(a[1m]) > max_over_time(b[5m])")).toBe(60_000);
  expect(longestAgeMs("max by (job) (max_over_time(a_lag_seconds[1m])) > 60")).toBe(60_000);
  expect(longestAgeMs("max(notification_queue_age_seconds) > 900 and max(a) >= 10")).toBe(900_000);
  expect(longestAgeMs("job:latency > 2")).toBe(0);
});
