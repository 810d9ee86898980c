import { afterAll, beforeAll, expect, test } from "bun:test";
import { eventually } from "#mesh/eventually";
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from "#observability/trace/otlp-receiver";
import { startTestGateway, type TestGateway } from "./testing/test-gateway.ts";

const file = `
upstreams:
  order: { url: "\${UPSTREAM_URL}" }
  gone: { url: "\${DEAD_URL}" }
issuers:
  user: { issuer: "\${TOKEN_ISSUER}", jwks: "\${JWKS_URL}", audience: "\${TOKEN_AUDIENCE}", algorithms: [ES256] }
limits:
  wide: { requests: 6000, perSeconds: 60, burst: 1000, by: [address] }
defaults: { limits: [wide], timeoutMs: 5000, bodyBytes: 1000 }
routes:
  - { path: "/api/orders/{id}", methods: [GET], upstream: order, auth: anyone }
  - { path: "/api/gone/{id}", methods: [GET], upstream: gone, auth: anyone }
`;
const stranger = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const canary = "canary-4711";

let collector: OtlpReceiver;
let all: TestGateway;
let none: TestGateway;
let slowMs = 0;
const seen: Headers[] = [];

beforeAll(async () => {
  collector = await startOtlpReceiver();
  const handle = async (request: Request) => {
    seen.push(request.headers);
    if (slowMs > 0) await new Promise((resolve) => setTimeout(resolve, slowMs));
    return Response.json({ ok: true });
  };
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_BSP_SCHEDULE_DELAY: "10" };
  [all, none] = await Promise.all([
    startTestGateway({ file, handle, env: { ...env, OTEL_TRACES_SAMPLER_ARG: "1" } }),
    startTestGateway({ file, handle, env: { ...env, OTEL_TRACES_SAMPLER_ARG: "0", TRACE_SLOW_MS: "150" } }),
  ]);
});
afterAll(async () => {
  await Promise.all([all.close(), none.close()]);
  await collector.close();
});

const spansOf = (traceId: string): ReceivedSpan[] =>
  collector.spans.filter((span) => span.traceId === traceId);
const traceIdOf = (response: Response) => response.headers.get("x-correlation-id") ?? "";

test("a recorded request has a span, its call to the service one below it, and the service is told of that one", async () => {
  seen.length = 0;
  const response = await all.call(`/api/orders/1?email=${canary}`, {
    headers: { baggage: `user=${canary}` },
  });
  const traceId = traceIdOf(response);
  const spans = await eventually(() => (spansOf(traceId).length === 2 ? spansOf(traceId) : undefined));
  const server = spans.find(({ kind }) => kind === "server");
  const client = spans.find(({ kind }) => kind === "client");
  expect(server).toMatchObject({ service: "gateway", name: "GET /api/orders/{id}", failed: false });
  expect(server?.parentSpanId).toBeUndefined();
  expect(server?.attributes).toEqual({
    "http.request.method": "GET",
    "http.response.status_code": 200,
    "http.route": "/api/orders/{id}",
    "network.protocol.version": "1.1",
    "url.path": "/api/orders/{id}",
    "url.scheme": "http",
  });
  expect(client).toMatchObject({ name: "GET /api/orders/{id}", parentSpanId: server?.spanId ?? "" });
  expect(client?.attributes).toMatchObject({
    "http.request.method": "GET",
    "http.response.status_code": 200,
    "server.address": "127.0.0.1",
    "service.peer.name": "order",
    "url.template": "/api/orders/{id}",
  });
  expect(seen.at(-1)?.get("traceparent")).toBe(`00-${traceId}-${client?.spanId}-01`);
  expect(seen.at(-1)?.has("baggage")).toBe(false);
  expect(all.lines.some((line) => line.includes(traceId) && line.includes(server?.spanId ?? "?"))).toBe(true);
  expect(collector.bodies.join()).not.toContain(canary);
});

test("what a stranger says of sampling counts for nothing, either way; its trace goes on", async () => {
  seen.length = 0;
  await none.call("/api/orders/1", { headers: { traceparent: stranger } });
  expect(seen.at(-1)?.get("traceparent")).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$/);
  const unsampled = stranger.replace(/01$/, "00").replace("0af7", "1af7");
  await all.call("/api/orders/1", { headers: { traceparent: unsampled } });
  expect(seen.at(-1)?.get("traceparent")).toMatch(/-01$/);
  const spans = await eventually(() => {
    const found = spansOf("1af7651916cd43dd8448eb211c80319c");
    return found.length === 2 ? found : undefined;
  });
  expect(spans.find(({ kind }) => kind === "server")?.parentSpanId).toBe("b7ad6b7169203331");
  expect(spansOf("0af7651916cd43dd8448eb211c80319c")).toEqual([]);
});

test("a request that is not recorded and fails, or is slow, has its span nevertheless; others have none", async () => {
  const fine = await none.call("/api/orders/1");
  const notFound = await none.call("/api/nothing");
  const failed = await none.call("/api/gone/1");
  expect(failed.status).toBe(502);
  slowMs = 200;
  const slow = await none.call("/api/orders/1");
  slowMs = 0;
  const [ofFailed] = await eventually(() => some(spansOf(traceIdOf(failed))));
  expect(ofFailed).toMatchObject({
    name: "GET /api/gone/{id}",
    kind: "server",
    failed: true,
    attributes: { "error.type": "502", "http.response.status_code": 502 },
  });
  const [ofSlow] = await eventually(() => some(spansOf(traceIdOf(slow))));
  expect(ofSlow).toMatchObject({ name: "GET /api/orders/{id}", failed: false });
  expect((ofSlow?.end ?? 0) - (ofSlow?.start ?? 0)).toBeGreaterThan(190);
  expect([...spansOf(traceIdOf(fine)), ...spansOf(traceIdOf(notFound))]).toEqual([]);
});

const some = <T>(list: readonly T[]): readonly T[] | undefined => (list.length > 0 ? list : undefined);

test("a service that answers 500 leaves a failed call", async () => {
  const response = await all.call("/api/gone/2");
  const spans = await eventually(() => {
    const found = spansOf(traceIdOf(response));
    return found.length === 2 ? found : undefined;
  });
  expect(spans.find(({ kind }) => kind === "client")).toMatchObject({
    failed: true,
    attributes: { "error.type": "unavailable", "service.peer.name": "gone" },
  });
});

test("a collector that hangs delays no answer, and the gateway ends in time", async () => {
  const hanging = await startOtlpReceiver({ answer: () => 503 });
  const gateway = await startTestGateway({
    file,
    handle: () => Response.json({ ok: true }),
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: hanging.endpoint,
      OTEL_TRACES_SAMPLER_ARG: "1",
      OTEL_BSP_SCHEDULE_DELAY: "10",
      OTEL_BSP_MAX_QUEUE_SIZE: "16",
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "8",
    },
  });
  const answers = await Promise.all(Array.from({ length: 40 }, () => gateway.call("/api/orders/1")));
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  expect(await gateway.metrics.text()).toMatch(/trace_spans_dropped_total\{reason="queue-full",[^}]*\} 64\n/);
  const at = performance.now();
  await gateway.close();
  expect(performance.now() - at).toBeLessThan(6000);
  await hanging.close();
});
