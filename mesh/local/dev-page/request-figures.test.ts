import { expect, test } from "bun:test";
import { busFigures, houseFigures } from "./house-figures.ts";
import { readPrometheusText, sumOf } from "./prometheus-text.ts";
import { requestCounts, requestFigures } from "./request-figures.ts";

/** Of so many requests, that many slower than 0.1 s, and failures among them. */
function counted(at: number, requests: number, { slow = 0, failed = 0 } = {}) {
  const name = "http_server_request_duration_seconds";
  const labels = (status: number) => `method="GET",route="/api/products",status="${status}"`;
  const text = `# HELP ${name} x
${name}_bucket{le="0.1",${labels(200)}} ${requests - slow}
${name}_bucket{le="0.2",${labels(200)}} ${requests}
${name}_bucket{le="+Inf",${labels(200)}} ${requests}
${name}_count{${labels(200)}} ${requests - failed}
${name}_count{${labels(503)}} ${failed}
${name}_count{method="GET",route="/openapi.json",status="200"} 1000
`;
  return requestCounts(readPrometheusText(text), at);
}

test("figures are those of the time in between, without what processes ask each other", () => {
  const figures = requestFigures(
    counted(0, 100, { slow: 100 }),
    counted(10_000, 120, { slow: 110, failed: 3 }),
  );
  expect(figures).toMatchObject({ perSecond: 2, failures: 3 });
  // Half of 20 were faster than 100 ms, so the 19th is nine tenths into the next 100 ms.
  expect(figures.p95Ms).toBeCloseTo(190);
});

test("nothing that happened has no speed, and a process that began anew counts from there", () => {
  expect(requestFigures(counted(0, 100), counted(10_000, 100))).toEqual({
    perSecond: 0,
    failures: 0,
    p95Ms: undefined,
  });
  expect(requestFigures(undefined, counted(0, 100))).toMatchObject({ perSecond: 0, p95Ms: undefined });
  expect(requestFigures(counted(0, 100), counted(10_000, 20))).toMatchObject({ perSecond: 2 });
});

test("the text format with its escapes, odd numbers, and lines that are none", () => {
  const samples = readPrometheusText(
    'a{x="q\\"u\\\\o\\nte",y=""} 1\na 2.5e1 1795352411\nb NaN\nc +Inf\nnonsense\n\n# c 5\n',
  );
  expect(samples.get("a")).toEqual([
    { labels: { x: 'q"u\\o\nte', y: "" }, value: 1 },
    { labels: {}, value: 25 },
  ]);
  expect(sumOf(samples, "a")).toBe(26);
  expect(sumOf(samples, "b")).toBeUndefined();
  expect(sumOf(samples, "c")).toBe(Number.POSITIVE_INFINITY);
  expect(sumOf(samples, "nonsense")).toBeUndefined();
});

test("an exemplar is not taken for the value", () => {
  const samples = readPrometheusText('a_bucket{le="0.1"} 7 # {trace_id="4bf9"} 0.05 1795352411\n# EOF\n');
  expect(samples.get("a_bucket")).toEqual([{ labels: { le: "0.1" }, value: 7 }]);
});

test("the figures of the shop are sums over processes; nobody there is no figure, nothing counted is none", () => {
  const samples = readPrometheusText(
    'orders_total{order_status="confirmed"} 3\norders_total{order_status="pending"} 4\n',
  );
  expect(houseFigures([samples, samples])).toMatchObject({ ordersConfirmed: 6, mailsSent: 0 });
  expect(houseFigures([new Map()]).mailsSent).toBeUndefined();
  expect(busFigures("gateway", samples)).toBeUndefined();
  const bus = readPrometheusText(
    'outbox_published_total 5\noutbox_waiting_events 2\noutbox_lag_seconds 1.5\ndead_letters 1\nevents_consumed_total{outcome="handled"} 4\nevents_consumed_total{outcome="skipped"} 9\n',
  );
  expect(busFigures("order-service", bus)).toEqual({
    service: "order-service",
    published: 5,
    waiting: 2,
    lagSeconds: 1.5,
    handled: 4,
    deadLetters: 1,
  });
});
