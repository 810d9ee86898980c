import { afterEach, describe, expect, test } from "bun:test";
import { newContext, runWith } from "#observability/context";
import { createLog } from "#observability/log";
import { createMetrics } from "#observability/metrics";
import { RecordedSpans } from "#observability/trace/testing/recorded-spans";
import { eventually } from "../eventually.ts";
import { type Listener, listen } from "../listen.ts";
import { createClient, UpstreamUnavailable } from "./client.ts";

let server: Listener | undefined;
afterEach(async () => {
  await server?.stop(100);
  server = undefined;
});

/** A service that answers as told, and a client of it. */
function upstream(answer: (request: Request, nth: number) => Response | Promise<Response>) {
  const received: Headers[] = [];
  server = listen({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => {
      // A copy: the request's own headers are gone once it is answered.
      received.push(new Headers(request.headers));
      return answer(request, received.length);
    },
  });
  const metrics = createMetrics("test");
  return { received, metrics, client: clientOf(`http://127.0.0.1:${server.port}`, metrics) };
}

const clientOf = (baseUrl: string, metrics = createMetrics("test")) =>
  createClient({
    caller: "order-service",
    service: "product-service",
    baseUrl,
    tokens: { for: async (audience) => `token-for-${audience}` },
    deadlineMs: 150,
    retries: 2,
    breaker: { failures: 3, openMs: 60_000 },
    metrics,
    log: createLog({ service: "test", level: "silent" }),
  });

const get = { method: "GET", path: "/x/1", route: "/x/:id" } as const;
const post = { method: "POST", path: "/x", route: "/x", body: { a: 1 } } as const;

async function failure(work: Promise<unknown>): Promise<UpstreamUnavailable> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof UpstreamUnavailable)) throw new Error(`Expected no answer, found ${String(error)}`);
  return error;
}

test("identity, trace and correlation go along, and any answer below 500 comes back", async () => {
  const { client, received } = upstream(() => Response.json({ code: "gone" }, { status: 409 }));
  const context = newContext();
  const answer = await runWith(context, () => client.call(post));
  expect(answer).toEqual({ status: 409, body: { code: "gone" } });
  const [headers] = received;
  expect(headers?.get("authorization")).toBe("Bearer token-for-product-service");
  expect(headers?.get("traceparent")).toStartWith(`00-${context.traceId}-${context.spanId}-`);
  expect(headers?.get("x-correlation-id")).toBe(context.correlationId);
  expect(Number(headers?.get("x-deadline-ms"))).toBeLessThanOrEqual(150);
});

describe("repeats", () => {
  test("an idempotent call is repeated after a 5xx", async () => {
    const { client, received } = upstream((_request, nth) =>
      Response.json({ nth }, { status: nth < 3 ? 503 : 200 }),
    );
    expect(await client.call(get)).toEqual({ status: 200, body: { nth: 3 } });
    expect(received.length).toBe(3);
  });
  test("a POST that may have acted is not repeated, and says so", async () => {
    const { client, received } = upstream(() => new Response("", { status: 503 }));
    expect(await failure(client.call(post))).toMatchObject({ reason: "status", sent: true });
    expect(received.length).toBe(1);
  });
  test("a POST that says it is idempotent is", async () => {
    const { client } = upstream((_request, nth) => Response.json({ nth }, { status: nth === 1 ? 500 : 200 }));
    expect((await client.call({ ...post, idempotent: true })).status).toBe(200);
  });
});

test("no answer in time is a timeout with an unknown outcome", async () => {
  const { client } = upstream(
    () => new Promise((resolve) => setTimeout(resolve, 1000, new Response("late"))),
  );
  expect(await failure(client.call(post))).toMatchObject({ reason: "timeout", sent: true });
});

test("a refused connection proves that nothing was sent", async () => {
  const free = listen({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  await free.stop(100);
  expect(await failure(clientOf(`http://127.0.0.1:${free.port}`).call(post))).toMatchObject({ sent: false });
});

test("an answer that is no JSON is not passed on", async () => {
  const { client } = upstream(() => new Response("<html>"));
  expect(await failure(client.call(get))).toMatchObject({ reason: "malformed" });
});

test("after three failures in a row nothing is sent until the breaker closes", async () => {
  const { client, received } = upstream(() => new Response("", { status: 500 }));
  for (let call = 0; call < 3; call += 1) await failure(client.call(post));
  expect(await failure(client.call(post))).toMatchObject({ reason: "open", sent: false });
  expect(received.length).toBe(3);
});

test("a service that was away for a moment is called again within a second or two, and the breaker tells how it stands", async () => {
  let broken = true;
  const { client, metrics } = upstream(
    () => new Response(broken ? "" : "{}", { status: broken ? 500 : 200 }),
  );
  for (let call = 0; call < 3; call += 1) await failure(client.call(post));
  expect(await failure(client.call(post))).toMatchObject({ reason: "open" });
  const standing = async () => {
    const found = (await metrics.text()).matchAll(/^circuit_breaker_state\{.*state="([^"]+)".*\} 1$/gm);
    return [...found].map(([, state]) => state);
  };
  expect(await standing()).toEqual(["open"]);
  broken = false;
  const answer = await eventually(async () => client.call(post), { withinMs: 2000, everyMs: 50 });
  expect(answer.status).toBe(200);
  expect(await standing()).toEqual(["closed"]);
});

test("a call does not outlive the deadline of the work it belongs to, and is not repeated after it", async () => {
  const { client, received } = upstream(() => new Promise(() => {}));
  const started = performance.now();
  const call = { ...get, deadlineMs: 60_000 };
  await failure(runWith({ ...newContext(), deadline: Date.now() + 30 }, () => client.call(call)));
  // Its own deadline is far away, so that a slow machine is not mistaken for it.
  expect(performance.now() - started).toBeLessThan(10_000);
  expect(received.length).toBeLessThan(2);
});

test("each try of a recorded call has a span, the service is told of that one, and what came along goes on", async () => {
  const { client, received } = upstream((_request, nth) =>
    nth === 1 ? new Response("", { status: 503 }) : Response.json({}),
  );
  const tracing = new RecordedSpans();
  const context = { ...tracing.context(), tracestate: "vendor=1", baggage: "tenant=shop" };
  await runWith(context, () => client.call(get));
  const tries = tracing.spans.map(({ attributes, failed }) => ({ failed, ...attributes }));
  expect(tries).toMatchObject([
    { failed: true, "error.type": "status", "url.template": "/x/:id" },
    { failed: false, "http.response.status_code": 200, "http.request.resend_count": 1 },
  ]);
  for (const [nth, { spanId, parentSpanId, name }] of tracing.spans.entries()) {
    expect({ name, parentSpanId }).toEqual({ name: "GET /x/:id", parentSpanId: context.spanId });
    expect(received[nth]?.get("traceparent")).toBe(`00-${context.traceId}-${spanId}-01`);
    expect(received[nth]?.get("tracestate")).toBe("vendor=1");
    expect(received[nth]?.get("baggage")).toBe("tenant=shop");
  }
});
