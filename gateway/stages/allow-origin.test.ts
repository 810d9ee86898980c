import { describe, expect, test } from "bun:test";
import { parseGatewayFile } from "../configuration/gateway-file.ts";
import type { Exchange } from "../exchange.ts";
import { compileRoutes } from "../routes.ts";
import { testExchange } from "../testing/test-exchange.ts";
import { answerOptions, setCorsHeaders } from "./allow-origin.ts";
import { findRoute } from "./find-route.ts";

const table = compileRoutes(
  parseGatewayFile(
    "gateway.yaml",
    `
upstreams: { order: { url: "http://order" } }
limits: { default: { requests: 1, perSeconds: 1, burst: 1, by: [caller] } }
cors:
  open: { origins: ["https://shop.test"], maxAgeSeconds: 600 }
  desk: { origins: ["https://desk.test"], methods: [PUT], headers: [X-Desk], expose: [X-Total], credentials: true, maxAgeSeconds: 5 }
defaults: { limits: [default], timeoutMs: 1000, bodyBytes: 10, cors: open }
routes:
  - { path: /a, methods: [GET, POST], upstream: order, auth: anyone }
  - { path: /a, methods: [PUT, DELETE], upstream: order, auth: anyone, cors: desk }
  - { path: /a, methods: [PATCH], upstream: order, auth: anyone, cors: none }
  - { path: /a, methods: [PUT], upstream: order, auth: anyone, headers: { x-version: "2" } }
`,
    {},
  ).file,
);

function exchangeOf(method: string, path: string, headers: Record<string, string>): Exchange {
  const exchange = testExchange({ method, target: path, headers });
  exchange.path = path;
  return exchange;
}

function preflight(announced: string, headers: Record<string, string>, path = "/a") {
  const exchange = exchangeOf("OPTIONS", path, { "access-control-request-method": announced, ...headers });
  const outcome = answerOptions(exchange, table);
  if (!(outcome instanceof Response)) return outcome?.code;
  setCorsHeaders(exchange, table, outcome.headers);
  return Object.fromEntries(outcome.headers);
}

function answerFor(method: string, path: string, headers: Record<string, string>) {
  const exchange = exchangeOf(method, path, headers);
  findRoute(exchange, table);
  const answer = new Headers();
  setCorsHeaders(exchange, table, answer);
  return Object.fromEntries(answer);
}

describe("a preflight", () => {
  test("is answered as the route says that the announced request would take", () => {
    expect(preflight("POST", { origin: "https://shop.test" })).toEqual({
      "access-control-allow-origin": "https://shop.test",
      "access-control-allow-methods": "GET, HEAD, POST",
      "access-control-allow-headers":
        "authorization, content-type, idempotency-key, if-match, if-none-match, traceparent, x-api-key, x-correlation-id",
      "access-control-expose-headers": expect.stringContaining("ratelimit"),
      "access-control-max-age": "600",
      vary: "Access-Control-Request-Method, Access-Control-Request-Headers, Origin",
    });
    expect(preflight("PUT", { origin: "https://desk.test" })).toEqual({
      "access-control-allow-origin": "https://desk.test",
      "access-control-allow-methods": "PUT",
      "access-control-allow-headers": "x-desk",
      "access-control-allow-credentials": "true",
      "access-control-expose-headers": "X-Total",
      "access-control-max-age": "5",
      vary: "Access-Control-Request-Method, Access-Control-Request-Headers, Origin",
    });
  });

  test("may announce the headers that a route is chosen by", () => {
    const answer = preflight("PUT", {
      origin: "https://shop.test",
      "access-control-request-headers": "x-version",
    });
    expect(answer).toMatchObject({
      "access-control-allow-headers": expect.stringContaining("x-version") as string,
    });
  });

  test("of a page that may not call this route is refused", () => {
    expect(preflight("PUT", { origin: "https://shop.test" })).toBe("origin-refused");
    expect(preflight("GET", { origin: "https://desk.test" })).toBe("origin-refused");
    expect(preflight("PATCH", { origin: "https://shop.test" })).toBe("origin-refused");
    expect(preflight("GET", { origin: "null" })).toBe("origin-refused");
    expect(preflight("GET", {})).toBe("origin-refused");
  });

  test("for nothing, or for a method that there is not, says so", () => {
    expect(preflight("GET", { origin: "https://shop.test" }, "/b")).toBe("route-not-found");
    expect(preflight("TRACE", { origin: "https://shop.test" })).toBe("method-not-allowed");
  });
});

test("OPTIONS by itself is told what the path takes", () => {
  const answer = answerOptions(exchangeOf("OPTIONS", "/a", {}), table) as Response;
  expect(answer.headers.get("allow")).toBe("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
});

describe("an answer", () => {
  test("may be read by the pages of its route, and varies by origin for everybody", () => {
    expect(answerFor("GET", "/a", { origin: "https://shop.test" })).toMatchObject({
      "access-control-allow-origin": "https://shop.test",
      vary: "Origin",
    });
    expect(answerFor("GET", "/a", {})).toEqual({ vary: "Origin" });
    expect(answerFor("GET", "/a", { origin: "https://desk.test" })).toEqual({ vary: "Origin" });
    expect(answerFor("PUT", "/a", { origin: "https://desk.test" })).toMatchObject({
      "access-control-allow-credentials": "true",
    });
  });

  test("of a route for no page says nothing of it", () => {
    expect(answerFor("PATCH", "/a", { origin: "https://shop.test" })).toEqual({});
  });

  test("that there is no route can be read by pages of the default", () => {
    expect(answerFor("GET", "/b", { origin: "https://shop.test" })).toMatchObject({
      "access-control-allow-origin": "https://shop.test",
    });
  });
});
