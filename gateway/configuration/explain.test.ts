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
  explainCall("gateway.yaml", read, { method, target, host: "", headers: new Headers(), ...more });

test("a call is explained with its place, its numbers per tier and what is refused", () => {
  expect(explainText(explain("POST", "/api/orders/7?x=1"))).toEqual([
    "POST /api/orders/7?x=1",
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
    "refused   403 address-refused         an address that `addresses` does not let in",
    "          401 unauthorized            no bearer token or API key",
    "          401 unauthorized            a bearer token or API key that is expired, revoked or not ours",
    "          403 forbidden               a caller without the role admin",
    "          403 forbidden               a caller without the scope orders:write",
    "          429 quota-exceeded          more than the limit default allows",
    "          429 quota-exceeded          more than the limit daily allows",
    "          413 body-too-large          a body of more than 10 bytes",
    "          415 unsupported-media-type  a body that is not application/json",
    "          422 validation-failed       what the upstream's OpenAPI document does not describe",
    "          502 upstream-unavailable    order cannot be reached",
    "          504 upstream-timeout        no answer of order within 1000 ms",
  ]);
});

test("host and headers choose as they do for a request", () => {
  const host = "eu.shop.test:443";
  expect(explain("GET", "/api/orders/7", { host }).route?.host).toBe("");
  const { route } = explain("GET", "/api/orders/7", { host, headers: new Headers({ "x-version": "2" }) });
  expect(route).toMatchObject({
    place: "gateway.yaml:13:5",
    host: "eu.shop.test",
    headers: { "x-version": "2" },
    goesTo: "docs, answered by the gateway",
    limits: [],
    refusals: [{ status: 403, code: "address-refused" }],
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
    headers: new Headers({ "access-control-request-method": method }),
  });
  expect(explain("OPTIONS", "/api/orders/7").allow).toBe("GET, HEAD, POST, OPTIONS");
  expect(explain("OPTIONS", "/api/orders/7", announcing("GET")).route?.cors).toMatchObject({
    policy: "shop",
  });
  expect(explain("OPTIONS", "/api/orders/7", announcing("POST")).route?.refusals).toEqual([
    { status: 403, code: "origin-refused", when: "a page of any origin" },
  ]);
  expect(explain("OPTIONS", "/api/orders/7", announcing("PUT")).refused?.status).toBe(405);
});
