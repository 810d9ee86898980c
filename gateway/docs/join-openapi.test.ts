import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { placeholderVariables } from "../config.ts";
import { parseGatewayFile } from "../configuration/gateway-file.ts";
import { compileRoutes } from "../routes.ts";
import { joinOpenApi } from "./join-openapi.ts";

const { routes } = compileRoutes(
  parseGatewayFile(
    "gateway.yaml",
    `
upstreams: { order: { url: "http://order" }, user: { url: "http://user" } }
issuers: { shop: { issuer: shop, jwks: "http://shop/keys", audience: shop, algorithms: [ES256] } }
limits: { default: { requests: 1, perSeconds: 1, burst: 1, by: [caller] } }
defaults: { limits: [default], timeoutMs: 1000, bodyBytes: 10 }
routes:
  - { path: "/api/orders/{id}", methods: [GET], upstream: order, auth: user }
  - { path: /api/users/me, methods: [GET, PATCH], upstream: user, auth: user }
  - { path: /docs, methods: [GET], answer: docs, auth: anyone }
`,
    {},
  ).file,
);
const own = readFileSync(new URL("../gateway.yaml", import.meta.url), "utf8");
const item = { $ref: "#/components/schemas/Item" };
const order = {
  openapi: "3.0.3",
  paths: {
    "/api/orders/{orderId}": {
      get: {
        summary: "An order",
        parameters: [
          { name: "orderId", in: "path", required: true, schema: { type: "string", format: "uuid" } },
        ],
        responses: { "200": { description: "ok", content: { "application/json": { schema: item } } } },
      },
      delete: { summary: "Not in the table" },
    },
    "/internal/orders": { get: { summary: "Inside" } },
  },
  components: { schemas: { Item: { type: "object" } } },
};

test("the document holds the calls of the table and nothing else", () => {
  const joined = joinOpenApi(
    routes,
    new Map<string, unknown>([
      ["order", order],
      ["user", { paths: {} }],
    ]),
  );
  const listed = Object.entries(joined.paths).map(([path, calls]) => [path, Object.keys(calls)]);
  expect(listed).toEqual([
    ["/api/orders/{id}", ["get"]],
    ["/api/users/me", ["get", "patch"]],
  ]);
  expect(joined["x-unavailable"]).toEqual([]);
});

test("an operation keeps its service's words, with the table's names for its parameters", () => {
  const joined = joinOpenApi(routes, new Map<string, unknown>([["order", order]]));
  expect(joined.paths["/api/orders/{id}"]?.get).toMatchObject({
    summary: "An order",
    tags: ["order"],
    parameters: [{ name: "id", in: "path", required: true, schema: { type: "string", format: "uuid" } }],
    security: [{ bearer: [] }],
    responses: {
      "200": { content: { "application/json": { schema: { $ref: "#/components/schemas/order.Item" } } } },
      default: { description: "Refused" },
    },
  });
  expect(joined.components).toMatchObject({ schemas: { "order.Item": { type: "object" } } });
});

test("an answer without a description has its status' own", () => {
  const responses = { "200": {}, "201": { description: "" }, "202": { description: "Later" } };
  const user = { paths: { "/api/users/me": { get: { responses } } } };
  const joined = joinOpenApi(routes, new Map<string, unknown>([["user", user]]));
  expect(joined.paths["/api/users/me"]?.get).toMatchObject({
    responses: {
      "200": { description: "OK" },
      "201": { description: "Created" },
      "202": { description: "Later" },
    },
  });
});

test("a body is described as JSON, the one type that is taken", () => {
  const content = { "application/json": { schema: {} }, "text/plain": { schema: {} } };
  const user = { paths: { "/api/users/me": { patch: { requestBody: { content } } } } };
  const joined = joinOpenApi(routes, new Map<string, unknown>([["user", user]]));
  expect(joined.paths["/api/users/me"]?.patch).toMatchObject({
    requestBody: { content: { "application/json": { schema: {} } } },
  });
  expect(JSON.stringify(joined.paths)).not.toContain("text/plain");
});

test("a service that is away leaves its calls without a description, and the document says so", () => {
  const joined = joinOpenApi(
    routes,
    new Map<string, unknown>([
      ["order", undefined],
      ["user", {}],
    ]),
  );
  expect(joined["x-unavailable"]).toEqual(["order"]);
  expect(joined.info).toMatchObject({ description: expect.stringContaining("Partial: order") });
  expect(joined.paths["/api/orders/{id}"]?.get).toMatchObject({ parameters: [{ name: "id" }] });
});

test("who calls by key or as an application finds how, and which calls take it", () => {
  const { file } = parseGatewayFile("gateway.yaml", own, placeholderVariables({}));
  const table = compileRoutes(file);
  const joined = joinOpenApi(table.routes, new Map());
  expect(joined.components).toMatchObject({
    securitySchemes: {
      bearer: { type: "http", scheme: "bearer" },
      apiKey: { type: "apiKey", in: "header", name: "x-api-key" },
      oauth: {
        type: "oauth2",
        flows: {
          authorizationCode: {
            authorizationUrl: "/oauth/authorize",
            tokenUrl: "/oauth/token",
            scopes: { "orders:read": "See your orders and their history" },
          },
          clientCredentials: { scopes: { "products:read": "See products and categories" } },
        },
      },
    },
  });
  const security = (path: string, method: string) =>
    (joined.paths[path]?.[method] as { security?: unknown } | undefined)?.security;
  expect(security("/api/orders", "get")).toEqual([
    { bearer: [] },
    { oauth: ["orders:read"] },
    { apiKey: [] },
  ]);
  expect(security("/api/orders/{id}/ship", "post")).toEqual([{ bearer: [] }, { apiKey: [] }]);
  expect(security("/api/products", "get")).toEqual([{}, { bearer: [] }, { apiKey: [] }]);
  expect(security("/api/sessions", "get")).toEqual([{ bearer: [] }]);
  expect(security("/api/auth/login", "post")).toBeUndefined();
  for (const route of table.routes) {
    for (const method of route.methods) {
      const ways = (security(route.template, method.toLowerCase()) ?? []) as object[];
      const takesKeys = ways.some((way) => "apiKey" in way);
      expect([route.template, takesKeys]).toEqual([route.template, route.auth.accept.includes("api-key")]);
    }
  }
});
