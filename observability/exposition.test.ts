import { expect, test } from "bun:test";
import { newContext } from "./context.ts";
import { createMetrics, exemplify, observeWork } from "./metrics.ts";
import { RecordedSpans } from "./trace/testing/recorded-spans.ts";

const openMetrics = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

function someMetrics() {
  const metrics = createMetrics("test");
  metrics.counter("orders_total", "Orders", ["status"]).inc({ status: 'a"b\\c\nd' });
  const duration = metrics.histogram("request_seconds", "Time", ["route"], [0.1, 1]);
  duration.observe({ route: "/a" }, 0.05);
  return { metrics, duration };
}

test("by default it is the text format, whatever was asked before", async () => {
  const { metrics } = someMetrics();
  await metrics.answer(openMetrics);
  const answer = await metrics.answer(null);
  expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(await answer.text()).toBe(`# HELP orders_total Orders
# TYPE orders_total counter
orders_total{status="a\\"b\\\\c\\nd",service="test"} 1
# HELP request_seconds Time
# TYPE request_seconds histogram
request_seconds_bucket{le="0.1",service="test",route="/a"} 1
request_seconds_bucket{le="1",service="test",route="/a"} 1
request_seconds_bucket{le="+Inf",service="test",route="/a"} 1
request_seconds_sum{service="test",route="/a"} 0.05
request_seconds_count{service="test",route="/a"} 1
`);
});

test("a scraper that understands OpenMetrics gets the traces of buckets with it", async () => {
  const { metrics, duration } = someMetrics();
  duration.observe({ route: "/a" }, 0.5);
  exemplify(duration, { route: "/a" }, 0.5, "4bf92f3577b34da6a3ce929d0e0e4736");
  const answer = await metrics.answer(openMetrics);
  expect(answer.headers.get("content-type")).toStartWith("application/openmetrics-text; version=1.0.0");
  const text = await answer.text();
  expect(text).toContain("# TYPE orders counter\norders_total{");
  expect(text).toMatch(
    /_bucket\{le="1",service="test",route="\/a"\} 2 # \{trace_id="4bf92f3577b34da6a3ce929d0e0e4736"\} 0\.5 \d+\.\d+\n/,
  );
  expect(text.match(/trace_id/g)).toHaveLength(1);
  expect(text).toEndWith("# EOF\n");
});

test("only a recorded trace is an example", async () => {
  const { metrics, duration } = someMetrics();
  observeWork(duration, { route: "/a" }, 0.5, newContext());
  expect(await metrics.text("openmetrics")).not.toContain("trace_id");
  const recorded = new RecordedSpans().context();
  observeWork(duration, { route: "/a" }, 0.5, recorded);
  expect(await metrics.text("openmetrics")).toContain(`{trace_id="${recorded.traceId}"} 0.5 `);
});

test("what cannot be measured leaves all else to be read", async () => {
  const { metrics } = someMetrics();
  metrics.gauge("waiting", "Waiting", [], () => Promise.reject(new Error("the database is away")));
  metrics.gauges("waiting_by", "Waiting", ["step"], () => Promise.reject(new Error("the database is away")));
  const text = await metrics.text();
  expect(text).toContain('waiting{service="test"} NaN\n');
  expect(text).not.toContain("waiting_by{");
  expect(text).toContain("request_seconds_count");
});
