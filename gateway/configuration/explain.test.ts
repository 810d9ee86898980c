import { expect, test } from "bun:test";
import { type Call, explainCall } from "./explain.ts";
import { explainText } from "./explain-text.ts";
import { parseGatewayFile } from "./gateway-file.ts";

const file = `upstreams: { order: { url: "http://order:8083" } }
issuers: { shop: { issuer: shop, jwks: "http://shop/keys", audience: shop, algorithms: [ES256] } }
tiers: [pro]
limits:
  default: { requests: 600, perSeconds: 60, burst: 100, by: [caller], tiers: { pro: { requests: 6000 } }, exempt: [internal] }
  daily: { requests: 1000, per: day, by: [user] }
addresses: { deny: [192.0.2.0/24] }
cors: { shop: { origins: ["https://shop.test"], maxAgeSeconds: 600 } }
defaults: { limits: [default], timeoutMs: 1000, bodyBytes: 10 }
routes:
  - { path: "/api/orders/{id}", methods: [GET], upstream: order, auth: anyone, cors: shop }
  - { path: "/api/orders/{id}", methods: [POST], upstream: order, auth: { roles: [admin], scopes: ["orders:write"], accept: [token, api-key] }, limits: [default, daily], cost: 5, contentTypes: [application/json], validate: true }
  - { path: "/api/orders/{id}", host: eu.shop.test, headers: { x-version: "2" }, methods: [GET], answer: docs, auth: anyone, ignoreToken: true, limits: [] }
`;
const read = parseGatewayFile("gateway.yaml", file, {});
const explain = (method: string, target: string, more: Partial<Call> = {}) =>
  explainCall("gateway.yaml", read, { method, target, host: "shop.test", headers: [], ...more });

test("a call is explained with its place, its numbers per tier and what is refused", () => {
  expect(explainText(explain("POST", "/api/orders/7?x=1"))).toEqual([
    "POST /api/orders/7?x=1 (shop.test)",
    "",
    "route     /api/orders/{id}  gateway.yaml:12:5",
    "          id = 7",
    "goes to   order, http://order:8083/api/orders/7?x=1",
    "who       whoever has a bearer token or an API key",
    "          with the role admin",
    "          with the scope orders:write",
    "limits    default: 600 in 60 s, 100 at once, by caller",
    "            tier pro: 6000 in 60 s, 100 at once",
    "            not counted: callers with the role internal",
    "          daily: 1000 a day (UTC), by user",
    "          one request counts as 5",
    "timeout   1000 ms until the answer begins",
    "body      at most 10 bytes, application/json, checked against the OpenAPI document",
    "cors      none: no page of another origin may call",
    "refused   503 unavailable                      more than 20000 connections",
    "          429 too-many-connections             more than 256 connections of one address",
    "          408 request-timeout                  a head that is not whole after 10000 ms",
    "          431 headers-too-large                a head of more than 16384 bytes or 100 fields",
    "          400 malformed-request                a head that two parsers could read differently",
    "          505 http-version-not-supported       another version than HTTP/1",
    "          501 transfer-coding-not-implemented  a body sent in another coding than chunked",
    "          417 expectation-failed               an expectation other than 100-continue",
    "          403 address-refused                  an address that `addresses` does not let in",
    "          403 origin-refused                   before the call, the preflight of a page of any origin",
    "          508 loop-detected                    a request whose Via names this gateway: it has come round",
    "          429 quota-exceeded                   more than the limit default allows",
    "          429 quota-exceeded                   more than the limit daily allows",
    "          400 malformed-request                a token in the URI, two credentials, or an Authorization header that is none",
    "          401 unauthorized                     another scheme than Bearer",
    "          401 unauthorized                     a bearer token that is expired, revoked or not ours",
    "          503 unavailable                      a bearer token whose issuer's keys cannot be had",
    "          401 invalid-api-key                  an API key that is expired, revoked or not ours",
    "          503 unavailable                      an API key that cannot be asked about",
    "          401 unauthorized                     no bearer token or API key",
    "          403 forbidden                        a caller without the role admin",
    "          403 insufficient-scope               a caller without the scope orders:write",
    "          415 unsupported-media-type           a body that is not application/json",
    "          415 unsupported-content-encoding     a body with a Content-Encoding",
    "          413 body-too-large                   a body of more than 10 bytes",
    "          400 malformed-request                a body that breaks off or is not framed as it says",
    "          408 request-timeout                  a body that is not whole after 30000 ms",
    "          400 malformed-request                a body that is no JSON, or means two things",
    "          422 validation-failed                what the upstream's OpenAPI document does not describe",
    "          502 upstream-unavailable             order cannot be reached",
    "          504 upstream-timeout                 no answer of order in time",
    "          500 internal-error                   a mistake of the gateway itself",
  ]);
});

test("host and headers choose as they do for a request", () => {
  const host = "eu.shop.test:443";
  expect(explain("GET", "/api/orders/7", { host }).route?.host).toBe("");
  const { route } = explain("GET", "/api/orders/7", { host, headers: [["x-version", "2"]] });
  expect(route).toMatchObject({
    place: "gateway.yaml:13:5",
    host: "eu.shop.test",
    headers: { "x-version": "2" },
    goesTo: "docs, answered by the gateway",
    limits: [],
  });
});

test("what no route takes is told as the client would be", () => {
  expect(explain("GET", "/nothing").refused).toMatchObject({ status: 404, code: "route-not-found" });
  expect(explain("DELETE", "/api/orders/7").refused).toMatchObject({
    status: 405,
    code: "method-not-allowed",
    allow: "GET, HEAD, POST, OPTIONS",
  });
  expect(explain("GET", "/api/../x").refused).toMatchObject({ status: 400, code: "bad-path" });
});

test("a preflight is explained by the request that it announces", () => {
  const announcing = (method: string) => ({
    headers: [
      ["access-control-request-method", method],
      ["origin", "https://shop.test"],
    ] as const,
  });
  expect(explain("OPTIONS", "/api/orders/7").allow).toBe("GET, HEAD, POST, OPTIONS");
  expect(explain("OPTIONS", "/api/orders/7", announcing("GET")).route?.cors).toMatchObject({
    policy: "shop",
  });
  expect(explain("OPTIONS", "/api/orders/7", announcing("GET")).allow).toBe("GET, HEAD");
  const closed = explain("OPTIONS", "/api/orders/7", announcing("POST"));
  expect(closed.refused).toMatchObject({ status: 403, code: "origin-refused" });
  expect(closed.refusals.at(-1)).toEqual({
    status: 403,
    code: "origin-refused",
    when: "a page of any origin",
  });
  expect(explain("OPTIONS", "/api/orders/7", announcing("PUT")).refused?.status).toBe(405);
});

test.each([
  ["CONNECT", "shop.test:443", "shop.test", { status: 501, code: "method-not-implemented" }],
  ["get", "/api/orders/7", "shop.test", { status: 400, code: "malformed-request" }],
  ["GET", "api", "shop.test", { status: 400, code: "bad-path" }],
  ["GET", "/api/orders/7", "a/b", { status: 400, code: "bad-host" }],
])(
  "what the gateway's parser refuses is told as it would be: %s %s at %s",
  (method, target, host, refused) => {
    expect(explain(method, target, { host }).refused).toMatchObject(refused);
  },
);
