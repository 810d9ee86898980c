import { describe, expect, test } from "bun:test";
import { compileLimits } from "./configuration/compile-limits.ts";
import { parseGatewayFile } from "./configuration/gateway-file.ts";
import type { Limit, Rate } from "./limits/limit.ts";
import { compileRoutes, type RouteTable } from "./routes.ts";

function compile(routes: string): RouteTable {
  const text = `
upstreams: { order: { url: "http://order:8083/" } }
issuers: { shop: { issuer: shop, jwks: "http://shop/keys", audience: shop, algorithms: [ES256] } }
tiers: [pro]
limits:
  default: { requests: 600, perSeconds: 60, burst: 100, by: [caller], tiers: { pro: { requests: 6000, burst: 500 } }, exempt: [internal] }
  slow: { requests: 1, perSeconds: 2, burst: 3, by: [address, route] }
  daily: { requests: 10000, per: day, by: [user] }
cors:
  shop: { origins: ["https://shop.test"], maxAgeSeconds: 600 }
defaults: { limits: [default], timeoutMs: 1000, bodyBytes: 10, cors: shop, contentTypes: [application/json] }
routes:
${routes}`;
  return compileRoutes(parseGatewayFile("gateway.yaml", text, {}).file);
}

const table = compile(`
  - { path: /api/orders, methods: [GET], upstream: order, auth: user }
  - { path: /api/orders, methods: [POST], upstream: order, auth: admin, limits: [slow, daily], cost: 3, timeoutMs: 50, bodyBytes: 20, cors: none }
  - { path: "/api/orders/{id}", methods: [GET, POST], upstream: order, auth: user }
  - { path: "/api/orders/{id}/items/{item}", methods: [GET], upstream: order, auth: user }
  - { path: /api/orders/recent, methods: [GET], upstream: order, auth: user }
  - { path: "/api/{kind}/recent/all", methods: [GET], upstream: order, auth: user }
`);
const none = new Headers();

function find(path: string, method = "GET", host = "any.test", headers = none, among = table) {
  const values: string[] = [];
  const found = among.find(host, method, path, headers, values);
  return found && { template: found.template, values };
}

test("parameters stand for one segment each and give their values", () => {
  expect(find("/api/orders/7")).toEqual({ template: "/api/orders/{id}", values: ["7"] });
  expect(find("/api/orders/7/items/8")).toEqual({
    template: "/api/orders/{id}/items/{item}",
    values: ["7", "8"],
  });
});

test("a fixed segment wins over a parameter, and loses where it leads nowhere", () => {
  expect(find("/api/orders/recent")).toEqual({ template: "/api/orders/recent", values: [] });
  expect(find("/api/orders/recent/all")).toEqual({ template: "/api/{kind}/recent/all", values: ["orders"] });
  expect(find("/api/orders/recent", "POST")).toEqual({ template: "/api/orders/{id}", values: ["recent"] });
});

test.each([
  "/",
  "",
  "/api",
  "/api/orders/",
  "/api/orders//",
  "/api/orders/7/items",
  "/api/orders/7/items/8/9",
  "/API/orders",
])("%p is no route", (path) => {
  expect(find(path)).toBeUndefined();
  expect(table.allowed("any.test", path, none)).toBe("");
});

test("routes of one path keep their own rules by method", () => {
  expect(table.allowed("any.test", "/api/orders", none)).toBe("GET, HEAD, POST, OPTIONS");
  const get = table.find("any.test", "GET", "/api/orders", none, []);
  expect(table.find("any.test", "HEAD", "/api/orders", none, [])).toBe(get);
  expect(get).toMatchObject({
    auth: { anonymous: false, roles: [], accept: ["token"] },
    cost: 1,
    timeoutMs: 1000,
    bodyBytes: 10,
    contentTypes: ["application/json"],
    cors: { name: "shop" },
  });
  const post = table.find("any.test", "POST", "/api/orders", none, []);
  expect(post).toMatchObject({ auth: { roles: ["admin"] }, cost: 3, timeoutMs: 50, bodyBytes: 20 });
  expect(post?.cors).toBeUndefined();
  expect(post?.limits.map(({ name }) => name)).toEqual(["slow", "daily"]);
});

describe("hosts", () => {
  const hosts = compile(`
  - { path: /a, methods: [GET], upstream: order, auth: anyone }
  - { path: "/{any}", methods: [GET], upstream: order, auth: anyone, host: shop.test }
  - { path: /b, methods: [GET], upstream: order, auth: anyone, host: "*.shop.test" }
  - { path: "/{deep}", methods: [GET], upstream: order, auth: anyone, host: "*.eu.shop.test" }
  - { path: /a, methods: [POST], upstream: order, auth: anyone, host: api.shop.test }
`);
  const on = (host: string, path: string, method = "GET") => find(path, method, host, none, hosts)?.template;

  test("the very host comes before a wildcard, a longer wildcard before a shorter, and every host last", () => {
    expect(on("shop.test", "/a")).toBe("/{any}");
    expect(on("x.shop.test", "/b")).toBe("/b");
    expect(on("x.eu.shop.test", "/b")).toBe("/{deep}");
    expect(on("x.shop.test", "/a")).toBe("/a");
    expect(on("other.test", "/a")).toBe("/a");
  });

  test("what the very host does not have is looked for in the wider ones", () => {
    expect(on("api.shop.test", "/a", "POST")).toBe("/a");
    expect(on("api.shop.test", "/b")).toBe("/b");
    expect(hosts.allowed("api.shop.test", "/a", none)).toBe("GET, HEAD, POST, OPTIONS");
    expect(hosts.allowed("other.test", "/a", none)).toBe("GET, HEAD, OPTIONS");
  });

  test("case, port and a last dot do not count; a wildcard is not the host itself", () => {
    expect(on("SHOP.test.:8443", "/x")).toBe("/{any}");
    expect(on("shop.test", "/b")).toBe("/{any}");
    for (const host of ["eshop.test", "shop.test.evil.test", "[::1]:80", ""]) {
      expect(on(host, "/b")).toBeUndefined();
    }
  });
});

describe("header conditions", () => {
  const versions = compile(`
  - { path: /a, methods: [GET], upstream: order, auth: anyone, timeoutMs: 10 }
  - { path: /a, methods: [GET], upstream: order, auth: anyone, timeoutMs: 20, headers: { X-Version: "2" } }
  - { path: /a, methods: [GET], upstream: order, auth: anyone, timeoutMs: 30, headers: { X-Version: "2", x-beta: "yes" } }
  - { path: /beta, methods: [GET], upstream: order, auth: anyone, headers: { x-beta: "yes" } }
  - { path: "/{any}", methods: [POST], upstream: order, auth: anyone }
`);
  const asked = (path: string, headers: Record<string, string>) =>
    versions.find("any.test", "GET", path, new Headers(headers), [])?.timeoutMs;

  test("more conditions come first, and all of them have to hold", () => {
    expect(asked("/a", {})).toBe(10);
    expect(asked("/a", { "x-version": "2" })).toBe(20);
    expect(asked("/a", { "x-version": "2", "x-beta": "yes" })).toBe(30);
    expect(asked("/a", { "x-beta": "yes", "x-version": "3" })).toBe(10);
  });

  test("where none holds there is nothing", () => {
    expect(asked("/beta", {})).toBeUndefined();
    expect(versions.allowed("any.test", "/beta", none)).toBe("POST, OPTIONS");
  });

  test("a preflight announces headers without their values", () => {
    const announced = new Headers({ "access-control-request-headers": "authorization,x-version" });
    expect(versions.findAnnounced("any.test", "GET", "/a", announced)?.timeoutMs).toBe(20);
    expect(versions.findAnnounced("any.test", "GET", "/a", none)?.timeoutMs).toBe(10);
  });
});

test("a limit is published as what may come at once and when all of it is back", () => {
  expect([...table.limits.values()].map(({ rate }) => rate.policy)).toEqual([
    '"default";q=100;w=10',
    '"slow";q=3;w=6',
    '"daily";q=10000;w=86400',
  ]);
});

test("a tier has its own numbers, and the limit's where it says nothing", () => {
  const limit = table.limits.get("default");
  expect(limit?.exempt).toEqual(["internal"]);
  expect(limit?.tiers.get("pro")).toMatchObject({
    requests: 6000,
    perSeconds: 60,
    burst: 500,
    intervalMs: 10,
  });
});

test("an upstream's url has no slash at its end, so that paths can follow it", () => {
  expect(table.upstreams.get("order")?.url).toBe("http://order:8083");
});

test("after a reload a limit, or a rate of it, that says the same is the same object", () => {
  const specs = {
    same: { requests: 1, per: "day" as const, by: ["user" as const] },
    other: { requests: 1, perSeconds: 1, burst: 1, by: ["user" as const], tiers: { pro: { requests: 5 } } },
  };
  const before = compileLimits(specs);
  const after = compileLimits(
    { ...specs, other: { ...specs.other, tiers: { pro: { requests: 6 } } } },
    before,
  );
  expect(after.get("same")).toBe(before.get("same") as Limit);
  expect(after.get("other")).not.toBe(before.get("other") as Limit);
  expect(after.get("other")?.rate).toBe(before.get("other")?.rate as Rate);
  expect(after.get("other")?.tiers.get("pro")).toMatchObject({ requests: 6 });
});
