import { expect, test } from "bun:test";
import { readGatewayFile } from "./gateway-file.ts";
import { compileRoutes } from "./routes.ts";

const table = compileRoutes(
  readGatewayFile(
    "gateway.yaml",
    `
upstreams: { order: { url: "http://order:8083/" } }
limits: { default: { requests: 600, perSeconds: 60, burst: 100, by: caller }, slow: { requests: 1, perSeconds: 2, burst: 3, by: address } }
cors: { origins: [], maxAgeSeconds: 0 }
defaults: { limit: default, timeoutMs: 1000, bodyBytes: 10 }
routes:
  - { path: /api/orders, methods: [GET], upstream: order, auth: user }
  - { path: /api/orders, methods: [POST], upstream: order, auth: admin, limit: slow, timeoutMs: 50, bodyBytes: 20 }
  - { path: "/api/orders/{id}", methods: [GET], upstream: order, auth: user }
  - { path: "/api/orders/{id}/items/{item}", methods: [GET], upstream: order, auth: user }
  - { path: /api/orders/recent, methods: [GET], upstream: order, auth: user }
  - { path: "/api/{kind}/recent/all", methods: [GET], upstream: order, auth: user }
`,
    {},
  ),
);

function find(path: string) {
  const values: string[] = [];
  const found = table.find(path, values);
  return found && { template: found.byMethod.get("GET")?.template, values };
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
])("%p is no route", (path) => expect(find(path)).toBeUndefined());

test("routes of one path keep their own rules by method", () => {
  const routes = table.find("/api/orders", []);
  expect(routes?.allow).toBe("GET, HEAD, POST, OPTIONS");
  expect(routes?.byMethod.get("HEAD")?.auth).toMatchObject({ anonymous: false, roles: [] });
  expect(routes?.byMethod.get("POST")).toMatchObject({
    auth: { roles: ["admin"] },
    timeoutMs: 50,
    bodyBytes: 20,
  });
  expect(routes?.byMethod.get("GET")).toMatchObject({ auth: { roles: [] }, timeoutMs: 1000, bodyBytes: 10 });
});

test("a limit is published as what may come at once and when all of it is back", () => {
  expect(table.limits.map(({ rate }) => rate.policy)).toEqual(['"default";q=100;w=10', '"slow";q=3;w=6']);
});

test("an upstream's url has no slash at its end, so that paths can follow it", () => {
  expect(table.upstreams.get("order")?.url).toBe("http://order:8083");
});
