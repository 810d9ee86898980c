import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { eventually } from "#mesh/eventually";
import { uuidV7 } from "#mesh/uuid-v7";
import { randomAddress, startTestGateway, type TestGateway } from "./test-gateway.ts";

const file = `
upstreams: { user: { url: "\${UPSTREAM_URL}" }, product: { url: "\${UPSTREAM_URL}" }, order: { url: "\${UPSTREAM_URL}" }, dead: { url: "\${DEAD_URL}" } }
limits:
  default: { requests: 600, perSeconds: 60, burst: 100, by: caller }
  tight: { requests: 1, perSeconds: 60, burst: 2, by: address }
cors: { origins: ["https://shop.test"], maxAgeSeconds: 600 }
defaults: { limit: default, timeoutMs: 300, bodyBytes: 1000 }
routes:
  - { path: /api/auth/login, methods: [POST], upstream: user, auth: anyone, limit: tight, ignoreToken: true }
  - { path: /api/products, methods: [GET], upstream: product, auth: anyone }
  - { path: "/api/products/{id}", methods: [GET], upstream: product, auth: anyone }
  - { path: "/api/products/{id}", methods: [PATCH], upstream: product, auth: admin }
  - { path: /api/orders, methods: [GET, POST], upstream: order, auth: user }
  - { path: "/api/dead/{id}", methods: [GET, POST], upstream: dead, auth: anyone }
`;

let gateway: TestGateway;
const seen: Request[] = [];
const aborted: string[] = [];

/** The service behind: tells what it received, or behaves as the last part of the path says. */
async function play(request: Request): Promise<Response> {
  seen.push(request);
  const { pathname, search } = new URL(request.url);
  const behaviour = pathname.split("/").at(-1);
  if (behaviour === "slow") {
    request.signal.addEventListener("abort", () => aborted.push(search));
    await new Promise((resolve) => setTimeout(resolve, 1500));
  }
  if (behaviour === "gzip") {
    return new Response(gzipSync("zipped"), {
      headers: { "content-encoding": "gzip", "content-type": "text/plain", server: "secret/1.0" },
    });
  }
  if (behaviour === "redirect")
    return new Response(null, { status: 302, headers: { location: "/elsewhere" } });
  if (behaviour === "empty") return new Response(null, { status: 204 });
  if (behaviour === "endless") return new Response(endless());
  const body = await request.text();
  return Response.json({ path: pathname + search, headers: Object.fromEntries(request.headers), body });
}

/** A body that begins and never ends, so that only streaming lets its beginning through. */
const endless = () =>
  new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode("begun")),
    cancel: () => void aborted.push("endless"),
  });

beforeAll(async () => {
  gateway = await startTestGateway({ file, handle: play });
});
afterAll(() => gateway.close());

interface Echo {
  path: string;
  headers: Record<string, string>;
  body: string;
}
const echo = async (response: Response): Promise<Echo> => (await response.json()) as Echo;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function expectProblem(response: Response, status: number, code: string): Promise<void> {
  expect({ status: response.status, type: response.headers.get("content-type") }).toEqual({
    status,
    type: "application/problem+json",
  });
  const problem = (await response.json()) as Record<string, unknown>;
  expect(problem).toMatchObject({ type: `urn:ecotrack:problem:${code}`, status, code });
  expect(problem.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(response.headers.get("x-correlation-id")).not.toBeNull();
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
}

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

describe("paths that two parsers could read differently", () => {
  const ask = (target: string) =>
    gateway.raw(
      Buffer.from(`GET ${target} HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n`, "latin1"),
    );

  test.each([
    "/api/%2e%2e%2fproducts",
    "/api/products/%2e%2e%2f%2e%2e%2finternal",
    "/api//products",
    "//api/products",
    "/api/products/a%2fb",
    "/api/products/a%5cb",
    "/api/products/a%00b",
    "/api/%70roducts",
    "/api/products/%ff",
    "/api/products/%c0%af",
    "/api/products/%zz",
    "/api/products?query=%ff",
    "/api/products?query=%00",
    "/api/products#x",
  ])("%s is refused", async (target) => {
    const answer = await ask(target);
    expect(answer).toStartWith("HTTP/1.1 400 ");
    expect(answer).toContain('"code":"bad-path"');
  });

  test.each([
    "/api/products/../../internal/prices",
    "/api/products/%2e%2e/%2e%2e/health/live",
    "/api/.\\..\\metrics",
  ])("%s never gets behind the route table", async (target) => {
    const before = seen.length;
    const answer = await ask(target);
    expect(answer).toMatch(/^HTTP\/1\.1 (400|404) /);
    expect(seen.length).toBe(before);
  });

  test.each(["Host: a/b", "Host: user@shop.test", "Host: a b", "X-No: host"])(
    "%s is refused",
    async (header) => {
      expect(
        await gateway.raw(`GET /api/products HTTP/1.1\r\n${header}\r\nConnection: close\r\n\r\n`),
      ).toMatch(/^HTTP\/1\.1 400 /);
    },
  );

  test("a URI that is too long is refused", async () =>
    expectProblem(await gateway.call(`/api/products?query=${"x".repeat(9000)}`), 414, "uri-too-long"));

  test("headers that are too large are refused", async () => {
    const answer = await gateway.call("/api/products", { headers: { "x-large": "x".repeat(17_000) } });
    expect(answer.status).toBe(431);
  });
});

describe("who calls", () => {
  test("a public route takes anyone, and the services see the token of whoever has one", async () => {
    expect((await gateway.call("/api/products")).status).toBe(200);
    const token = await gateway.token();
    const answer = await echo(await gateway.call("/api/products", { headers: bearer(token) }));
    expect(answer.headers.authorization).toBe(`Bearer ${token}`);
  });

  test("a closed route takes nobody without a token and says which kind", async () => {
    const answer = await gateway.call("/api/orders");
    expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="ecotrack"');
    await expectProblem(answer, 401, "unauthorized");
  });

  test("a good token is taken, again and again", async () => {
    const headers = bearer(await gateway.token());
    for (let times = 0; times < 3; times++) {
      expect((await gateway.call("/api/orders", { headers })).status).toBe(200);
    }
  });

  const unsigned = () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = {
      iss: "https://ecotrack.test",
      aud: "ecotrack",
      sub: uuidV7(),
      iat: 1,
      exp: 9_999_999_999,
    };
    return Promise.resolve(`${part({ alg: "none" })}.${part(claims)}.`);
  };
  const bad: [string, () => Promise<string>][] = [
    ["expired", () => gateway.token({ expiresIn: -60 })],
    ["forged", () => gateway.token({ forged: true })],
    ["unsigned", unsigned],
    ["for another audience", () => gateway.token({ audience: "order-service" })],
    ["of another issuer", () => gateway.token({ issuer: "https://evil.test" })],
    ["with a key of its own", () => gateway.token({ header: { jku: "https://evil.test/keys" } })],
    ["with an unknown key id", () => gateway.token({ header: { kid: "user/99" } })],
    ["cut short", async () => (await gateway.token()).slice(0, -20)],
    ["no token at all", () => Promise.resolve("nonsense")],
  ];
  test.each(bad)("a token that is %s is refused, on public routes too", async (_name, make) => {
    const headers = bearer(await make());
    for (const path of ["/api/orders", "/api/products"]) {
      const answer = await gateway.call(path, { headers });
      expect(answer.headers.get("www-authenticate")).toContain('error="invalid_token"');
      await expectProblem(answer, 401, "unauthorized");
    }
  });

  test("another scheme than bearer is refused", async () =>
    expectProblem(
      await gateway.call("/api/orders", { headers: { authorization: "Basic YTpi" } }),
      401,
      "unauthorized",
    ));

  test("signing in takes no notice of an expired token", async () => {
    const headers = bearer(await gateway.token({ expiresIn: -60 }));
    expect((await gateway.call("/api/auth/login", { method: "POST", body: "{}", headers })).status).toBe(200);
  });

  test("an administrator's route is closed to customers", async () => {
    const patch = async (roles: readonly string[]) =>
      gateway.call("/api/products/1", {
        method: "PATCH",
        body: "{}",
        headers: bearer(await gateway.token({ roles })),
      });
    await expectProblem(await patch(["customer"]), 403, "forbidden");
    expect((await patch(["customer", "admin"])).status).toBe(200);
  });

  test("a session that ends takes its tokens with it within a second", async () => {
    const sessionId = uuidV7();
    const headers = bearer(await gateway.token({ sessionId }));
    expect((await gateway.call("/api/orders", { headers })).status).toBe(200);
    await gateway.revocations.revoke(sessionId, new Date(Date.now() + 900_000));
    const refused = await eventually(
      async () => {
        const answer = await gateway.call("/api/orders", { headers });
        return answer.status === 401 ? answer : undefined;
      },
      { withinMs: 1000 },
    );
    await expectProblem(refused, 401, "unauthorized");
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
    expect(headers.traceparent).toMatch(
      /^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[0-9a-f]{16}-01$/,
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

describe("bodies", () => {
  const post = async (body: string) =>
    gateway.call("/api/orders", { method: "POST", body, headers: bearer(await gateway.token()) });
  const head = async (rest: string) =>
    `POST /api/orders HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\nAuthorization: Bearer ${await gateway.token()}\r\n${rest}`;

  test("a body is handed on whole", async () => {
    expect((await echo(await post("x".repeat(1000)))).body).toBe("x".repeat(1000));
  });

  test("a chunked body is handed on with its length", async () => {
    const answer = await gateway.raw(
      await head("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"),
    );
    expect(answer).toContain('"body":"hello world"');
    expect(answer).toContain('"content-length":"11"');
  });

  test("a body over the limit is refused by its declared length", async () =>
    expectProblem(await post("x".repeat(1001)), 413, "body-too-large"));

  test("a chunked body over the limit is refused while it comes, and no service sees it", async () => {
    const before = seen.length;
    const chunk = `258\r\n${"x".repeat(600)}\r\n`;
    const answer = await gateway.raw(
      await head(`Transfer-Encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n`),
    );
    expect(answer).toStartWith("HTTP/1.1 413 ");
    expect(answer).toContain('"code":"body-too-large"');
    expect(seen.length).toBe(before);
  });

  test.each([
    ["breaks off", "Content-Length: 50\r\n\r\nhalf"],
    ["has a broken chunk", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\nrest"],
  ])("a body that %s reaches no service", async (_name, rest) => {
    const before = seen.length;
    const answer = await gateway.raw(await head(rest));
    expect(answer).not.toStartWith("HTTP/1.1 200");
    expect(seen.length).toBe(before);
  });
});

describe("services that fail", () => {
  test("one that does not listen is a 502 for every method", async () => {
    await expectProblem(await gateway.call("/api/dead/1"), 502, "upstream-unavailable");
    await expectProblem(
      await gateway.call("/api/dead/1", { method: "POST", body: "{}" }),
      502,
      "upstream-unavailable",
    );
  });

  test("one that takes too long is a 504, and is told to stop", async () => {
    await expectProblem(await gateway.call("/api/products/slow?late"), 504, "upstream-timeout");
    await eventually(() => aborted.includes("?late") || undefined);
  });

  test("a client that leaves ends the work behind", async () => {
    const leaving = new AbortController();
    const left = gateway.call("/api/products/slow?left", { signal: leaving.signal });
    await eventually(() => seen.some((request) => request.url.endsWith("?left")) || undefined);
    leaving.abort();
    expect(await left.catch((error: Error) => error.name)).toBe("AbortError");
    await eventually(() => aborted.includes("?left") || undefined, { withinMs: 1000 });
    expect(await gateway.metrics.text()).toMatch(
      /gateway_upstream_errors_total\{.*reason="client-gone".*\} 1/,
    );
  });

  test("an answer arrives while it is still being made", async () => {
    const answer = await gateway.call("/api/products/endless");
    const reader = answer.body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("begun");
    await reader?.cancel();
    await eventually(() => aborted.includes("endless") || undefined);
  });
});

describe("rate limits", () => {
  const login = (address: string) => gateway.call("/api/auth/login", { method: "POST", body: "{}", address });

  test("what is left is told, and more is refused with when to come back", async () => {
    const address = randomAddress();
    const first = await login(address);
    expect(first.headers.get("ratelimit-policy")).toBe('"tight";q=2;w=120');
    expect(first.headers.get("ratelimit")).toMatch(/^"tight";r=1;t=(59|60)$/);
    expect((await login(address)).status).toBe(200);
    const third = await login(address);
    expect(Number(third.headers.get("retry-after"))).toBeWithin(58, 61);
    const problem = (await third.clone().json()) as Record<string, unknown>;
    expect(problem["violated-policies"]).toEqual(["tight"]);
    await expectProblem(third, 429, "quota-exceeded");
  });

  test("one client's limit is not another's, and what a client claims about itself does not change who it is", async () => {
    const address = randomAddress();
    await login(address);
    await login(address);
    expect((await login(randomAddress())).status).toBe(200);
    expect((await login(`8.8.8.8, ${address}`)).status).toBe(429);
  });

  test("guessing tokens counts against the address", async () => {
    const address = randomAddress();
    const answers = await Promise.all(
      Array.from({ length: 110 }, () => gateway.call("/api/orders", { headers: bearer("guess"), address })),
    );
    const statuses = answers.map((answer) => answer.status);
    expect(statuses.filter((status) => status === 401).length).toBeWithin(95, 106);
    expect(statuses).toContain(429);
  });
});

describe("without Redis", () => {
  test("limits hold, tokens are checked, and nothing is a 5xx", async () => {
    const alone = await startTestGateway({ file, handle: play, redisUrl: "redis://127.0.0.1:49150" });
    const address = randomAddress();
    const statuses: number[] = [];
    for (let times = 0; times < 4; times++) {
      const answer = await alone.call("/api/auth/login", { method: "POST", body: "{}", address });
      statuses.push(answer.status);
    }
    expect(statuses).toEqual([200, 200, 429, 429]);
    expect((await alone.call("/api/orders", { headers: bearer(await alone.token()) })).status).toBe(200);
    expect((await alone.call("/api/orders")).status).toBe(401);
    await alone.close();
  });
});

describe("what is seen of it", () => {
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
    expect(await gateway.metrics.text()).toMatch(
      /http_server_request_duration_seconds_count\{.*route="\/api\/products\/\{id\}".*\} \d+/,
    );
  });
});
