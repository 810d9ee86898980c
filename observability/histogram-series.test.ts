import { expect, test } from "bun:test";
import { seriesOf } from "./histogram-series.ts";
import { createMetrics, exemplify } from "./metrics.ts";

const labels = { method: "GET", status: "200" };
const values = [0, 0.001, 0.0011, 0.3, 1, 29.9, 30, 31, 1000];

test("what is observed in one series is exposed as prom-client's own way would have it", async () => {
  const [ours, theirs] = [createMetrics("test"), createMetrics("test")];
  const own = ours.histogram("h", "help", ["method", "status"]);
  const other = theirs.histogram("h", "help", ["method", "status"]);
  const observe = seriesOf(own, labels);
  for (const value of values) {
    observe(value);
    other.observe(labels, value);
  }
  expect(await ours.text()).toBe(await theirs.text());
});

test("a series that was there goes on, in both ways and with exemplars", async () => {
  const metrics = createMetrics("test");
  const histogram = metrics.histogram("h", "help", ["method", "status"]);
  histogram.observe({ method: "GET", status: "404" }, 5);
  histogram.observe(labels, 0.002);
  seriesOf(histogram, labels)(0.002);
  seriesOf(histogram, { ...labels })(0.002);
  histogram.observe(labels, 0.002);
  exemplify(histogram, labels, 0.002, "4bf92f3577b34da6a3ce929d0e0e4736");
  const text = await metrics.text();
  expect(text).toContain('h_count{service="test",method="GET",status="200"} 4');
  expect(text).toContain('h_count{service="test",method="GET",status="404"} 1');
  expect(await metrics.text("openmetrics")).toContain(
    '# {trace_id="4bf92f3577b34da6a3ce929d0e0e4736"} 0.002',
  );
});
