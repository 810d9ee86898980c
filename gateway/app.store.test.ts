import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startTestGateway, type TestGateway } from "./testing/test-gateway.ts";
import {
  bearer,
  createTestService,
  type Echo,
  echo,
  expectProblem,
  testFile,
} from "./testing/test-service.ts";

const service = createTestService();
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ file: testFile, handle: service.handle });
});
afterAll(() => gateway.close());

describe("routes", () => {
  test("a known path is forwarded as it is, with its query", async () => {
    const answer = await gateway.call("/api/products?query=a%20b&minScore=70");
    expect((await echo(answer)).path).toBe("/api/products?query=a%20b&minScore=70");
  });

  test.each([
    "/",
    "/nothing",
    "/api/products/",
    "/internal/prices",
    "/health/live",
    "/health/ready",
    "/metrics",
  ])("%s does not exist", async (path) => expectProblem(await gateway.call(path), 404, "route-not-found"));

  test("another method is refused and the answer names those there are", async () => {
    const answer = await gateway.call("/api/products", { method: "DELETE" });
    expect(answer.headers.get("allow")).toBe("GET, HEAD, OPTIONS");
    await expectProblem(answer, 405, "method-not-allowed");
  });

  test("a body in a content coding is refused, because no service reads it", async () => {
    const answer = await gateway.call("/api/orders", {
      method: "POST",
      headers: {
        authorization: `Bearer ${await gateway.token()}`,
        "content-type": "application/json",
        "content-encoding": "gzip",
      },
      body: "{}",
    });
    await expectProblem(answer, 415, "unsupported-content-encoding");
  });

  test("HEAD is answered without a body where GET is", async () => {
    const answer = await gateway.call("/api/products/1", { method: "HEAD" });
    expect({ status: answer.status, body: await answer.text() }).toEqual({ status: 200, body: "" });
  });

  test("redirects and empty answers pass through", async () => {
    const redirect = await gateway.call("/api/products/redirect");
    expect({ status: redirect.status, to: redirect.headers.get("location") }).toEqual({
      status: 302,
      to: "/elsewhere",
    });
    expect((await gateway.call("/api/products/empty")).status).toBe(204);
  });
});

describe("headers", () => {
  test("claims of identity and hop-by-hop headers end here, and the gateway's own word goes on", async () => {
    const answer = await gateway.raw(
      [
        "GET /api/products HTTP/1.1",
        "Host: shop.test",
        "X-User-Id: 1",
        "X-Auth-Request-User: root",
        "X-Forwarded-User: root",
        "X-Forwarded-Host: evil.test",
        "X-Real-IP: 1.1.1.1",
        "Forwarded: for=1.1.1.1",
        "X-Deadline-Ms: 99999999",
        "TE: trailers",
        "Keep-Alive: timeout=5",
        "Proxy-Authorization: Basic YTpi",
        "X-Named: by connection",
        "X-Kept: yes",
        "X-Forwarded-For: 6.6.6.6, 203.0.113.9",
        "Connection: close, X-Named",
        "",
        "",
      ].join("\r\n"),
    );
    const body = answer.slice(answer.indexOf("\r\n\r\n"));
    const { headers } = JSON.parse(body.slice(body.indexOf("{"), body.lastIndexOf("}") + 1)) as Echo;
    expect(headers).toMatchObject({
      "x-kept": "yes",
      "x-forwarded-for": "203.0.113.9",
      "x-forwarded-host": "shop.test",
      "x-forwarded-proto": "http",
      "x-deadline-ms": "300",
    });
    for (const name of ["x-user-id", "x-auth-request-user", "x-forwarded-user", "x-real-ip", "forwarded"]) {
      expect(headers[name]).toBeUndefined();
    }
    for (const name of ["te", "keep-alive", "proxy-authorization", "x-named"]) {
      expect(headers[name]).toBeUndefined();
    }
  });

  test("a trace and a correlation id are carried on, with a span of their own", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const answer = await gateway.call("/api/products", {
      headers: { traceparent, "x-correlation-id": "order-desk-7" },
    });
    expect(answer.headers.get("x-correlation-id")).toBe("order-desk-7");
    const { headers } = await echo(answer);
    expect(headers["x-correlation-id"]).toBe("order-desk-7");
    // Whether it is recorded is not the client's to say: this gateway traces nothing.
    expect(headers.traceparent).toMatch(
      /^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[0-9a-f]{16}-00$/,
    );
  });

  test("a correlation id that makes no sense is replaced", async () => {
    const answer = await gateway.call("/api/products", { headers: { "x-correlation-id": 'a"b {}' } });
    expect(answer.headers.get("x-correlation-id")).toMatch(/^[0-9a-f]{32}$/);
  });

  test("an encoded answer arrives encoded and tells nothing of the server behind", async () => {
    const answer = await gateway.call("/api/products/gzip", { headers: { "accept-encoding": "gzip" } });
    expect(await answer.text()).toBe("zipped");
    expect(answer.headers.get("server")).toBeNull();
  });

  test("answers for one person are not kept by caches", async () => {
    const answer = await gateway.call("/api/orders", { headers: bearer(await gateway.token()) });
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  test("HSTS is sent only where the client came by https", async () => {
    expect((await gateway.call("/api/products")).headers.get("strict-transport-security")).toBeNull();
    const secure = await gateway.call("/api/products", { headers: { "x-forwarded-proto": "https" } });
    expect(secure.headers.get("strict-transport-security")).toContain("max-age=");
  });
});

describe("browsers", () => {
  const preflight = (origin: string, path = "/api/orders") =>
    gateway.call(path, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
      },
    });

  test("a page of a known origin may call", async () => {
    const answer = await preflight("https://shop.test");
    expect(answer.status).toBe(204);
    expect(answer.headers.get("access-control-allow-origin")).toBe("https://shop.test");
    expect(answer.headers.get("access-control-allow-methods")).toContain("POST");
    const call = await gateway.call("/api/products", { headers: { origin: "https://shop.test" } });
    expect(call.headers.get("access-control-allow-origin")).toBe("https://shop.test");
    expect(call.headers.get("vary")).toContain("Origin");
  });

  test.each(["https://evil.test", "https://shop.test.evil.test", "http://shop.test", "null"])(
    "a page of %s may not",
    async (origin) => {
      const answer = await preflight(origin);
      expect(answer.headers.get("access-control-allow-origin")).toBeNull();
      await expectProblem(answer, 403, "origin-refused");
    },
  );

  test("OPTIONS by itself tells what a path takes", async () => {
    const answer = await gateway.call("/api/orders", { method: "OPTIONS" });
    expect({ status: answer.status, allow: answer.headers.get("allow") }).toEqual({
      status: 204,
      allow: "GET, HEAD, POST, OPTIONS",
    });
  });
});

test("a service is told who the request came by, after those who were asked before", async () => {
  const via = async (headers: Record<string, string>) =>
    (await echo(await gateway.call("/api/products", { headers }))).headers.via;
  expect(await via({})).toBe("1.1 ecotrack-gateway");
  expect(await via({ via: "1.0 fred, 1.1 p.example.net" })).toBe(
    "1.0 fred, 1.1 p.example.net, 1.1 ecotrack-gateway",
  );
});

test("a service that leads back to the gateway is asked once", async () => {
  let asked = 0;
  const round = await startTestGateway({
    file: `
upstreams: { round: { url: "\${UPSTREAM_URL}" } }
limits: { all: { requests: 6000, perSeconds: 60, burst: 100, by: [address] } }
defaults: { limits: [all], timeoutMs: 2000, bodyBytes: 1000 }
routes: [{ path: /api/products, methods: [GET], upstream: round, auth: anyone }]`,
    handle({ headers }) {
      asked++;
      return fetch(`${round.url}/api/products`, { headers: { via: `${headers.get("via")}, 1.1 another` } });
    },
  });
  const answer = await round.call("/api/products");
  expect([answer.status, answer.headers.get("content-type"), asked]).toEqual([
    508,
    "application/problem+json",
    1,
  ]);
  expect(await answer.json()).toMatchObject({ code: "loop-detected", instance: "/api/products" });
  await round.close();
});

describe("what is seen of it", () => {
  test.each([
    [
      "GET /api/products HTTP/1.1\r\nHost: a\r\nHost: secret\r\n\r\n",
      "GET",
      "The header host is there more than once",
    ],
    ["POST /secret HTTP/3.0\r\n\r\n", "POST", "HTTP/1.1 is spoken here"],
    ["SECRET / HTTP/1.1\r\nBroken secret\r\n\r\n", undefined, "A header has no name, or one that is none"],
    ["\x16\x03\x01secret", undefined, "The request line is not that of HTTP/1.1"],
  ])(
    "what cannot be read leaves a line with what can, and nothing of it: %j",
    async (bytes, method, reason) => {
      const before = gateway.lines.length;
      await gateway.raw(bytes);
      const lines = gateway.lines.slice(before).filter((each) => each.includes('"unreadable"'));
      expect(lines).toHaveLength(1);
      const { code, status, address, ...line } = JSON.parse(lines[0] as string);
      expect([line.method, line.reason, address]).toEqual([method, reason, "127.0.0.1"]);
      expect([typeof code, typeof status]).toEqual(["string", "number"]);
      expect(lines[0]).not.toMatch(/secret/i);
    },
  );

  test("a request is counted once by its route and leaves one line without its token", async () => {
    const token = await gateway.token();
    await gateway.call("/api/products/counted?query=private", {
      headers: { ...bearer(token), "x-correlation-id": "seen-once" },
    });
    const lines = gateway.lines.filter((line) => line.includes("seen-once"));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      route: "/api/products/{id}",
      method: "GET",
      status: 200,
      message: "request",
    });
    expect(lines[0]).not.toContain(token);
    expect(lines[0]).not.toContain("private");
    expect(JSON.parse(lines[0] ?? "")).not.toHaveProperty("path");
  });

  test("a request that matches no route tells its method and what it looked for, without ids and query", async () => {
    const headers = { "x-correlation-id": "looked-for" };
    await gateway.call("/api/ordrs/0190a5b0-7e1a-7000?token=private", { method: "PROPFIND", headers });
    const line = gateway.lines.find((each) => each.includes("looked-for")) ?? "";
    expect(JSON.parse(line)).toMatchObject({ method: "PROPFIND", route: "unmatched", path: "/api/ordrs/*" });
    expect(line).not.toContain("private");
    const counted = await gateway.metrics.text();
    expect(counted).toMatch(
      /http_server_request_duration_seconds_count\{[^}]*method="other",route="unmatched"/,
    );
    expect(await gateway.metrics.text()).toMatch(
      /http_server_request_duration_seconds_count\{.*route="\/api\/products\/\{id\}".*\} \d+/,
    );
  });
});
