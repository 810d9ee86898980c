import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { fileVariables, readConfig } from "./config.ts";
import { readGatewayFile } from "./gateway-file.ts";
import { compileRoutes } from "./routes.ts";

const variable = "$".concat("{ORDER_SERVICE_URL}");
const good = `upstreams:
  order: { url: "${variable}" }
limits:
  default: { requests: 10, perSeconds: 1, burst: 5, by: caller }
cors: { origins: [], maxAgeSeconds: 0 }
defaults: { limit: default, timeoutMs: 1000, bodyBytes: 10 }
routes:
  - { path: /api/orders, methods: [GET], upstream: order, auth: user }
`;
const variables = { ORDER_SERVICE_URL: "http://127.0.0.1:8083" };
const read = (text: string) => readGatewayFile("gateway.yaml", text, variables);

const environment = {
  REDIS_URL: "redis://127.0.0.1:6379",
  JWKS_URL: "http://127.0.0.1:8081/.well-known/jwks.json",
  USER_SERVICE_URL: "http://127.0.0.1:8081",
  PRODUCT_SERVICE_URL: "http://127.0.0.1:8082",
  ORDER_SERVICE_URL: "http://127.0.0.1:8083",
  PAYMENT_SERVICE_URL: "http://127.0.0.1:8084",
  NOTIFICATION_SERVICE_URL: "http://127.0.0.1:8085",
};

test("variables of the environment stand in for upstreams", () => {
  expect(read(good).upstreams).toEqual({ order: { url: "http://127.0.0.1:8083" } });
});

test.each([
  [
    "an unknown key",
    "auth: user }",
    "auth: user, aut: user }",
    "gateway.yaml:8:76: routes.0.aut is not a known key",
  ],
  ["a missing key", ", auth: user }", " }", "gateway.yaml:8:5: routes.0.auth is missing"],
  [
    "an unknown upstream",
    "upstream: order",
    "upstream: ordr",
    'gateway.yaml:8:52: routes.0.upstream names the upstream "ordr", which is not defined',
  ],
  [
    "an unknown limit",
    "limit: default,",
    "limit: strict,",
    'gateway.yaml:6:20: defaults.limit names the limit "strict", which is not defined',
  ],
  ["an unknown variable", "ORDER_SERVICE_URL", "ORDERS_URL", "which is not a known variable"],
  [
    "a url of another kind",
    variable,
    "ftp://order",
    'upstreams.order.url is "ftp://order", expected an http or https URL',
  ],
  ["an unknown role", "auth: user", "auth: owner", "routes.0.auth must be one of anyone, user, admin"],
  ["neither upstream nor answer", "upstream: order, ", "", "routes.0 needs either upstream or answer"],
  ["both of them", "auth: user", "auth: user, answer: docs", "routes.0 needs either upstream or answer"],
  [
    "a token that is ignored and needed",
    "auth: user",
    "auth: user, ignoreToken: true",
    "routes.0.ignoreToken contradicts auth: user",
  ],
  ["a star as origin", "origins: []", 'origins: ["*"]', "cors.origins.0 must match pattern"],
  ["no YAML", "upstreams:", "upstreams: [", "gateway.yaml: "],
])("%s is refused by its key", (_name, from, to, message) => {
  expect(() => read(good.replace(from, to))).toThrow(message);
});

test("a call that stands twice is refused, whatever its parameters are called", () => {
  const twice = `${good}  - { path: "/api/{a}", methods: [GET], upstream: order, auth: user }\n  - { path: "/api/{b}", methods: [POST, GET], upstream: order, auth: user }\n`;
  expect(() => read(twice)).toThrow("routes.2 defines GET /api/{b} again");
});

test("every mistake is told at once", () => {
  const two = good.replace("upstream: order", "upstream: ordr").replace("limit: default,", "limit: strict,");
  expect(() => read(two)).toThrow(/strict.*\n.*ordr/);
});

test("the file in the repository is good, and nothing internal can be reached through it", () => {
  const config = readConfig(environment);
  const text = readFileSync(new URL("gateway.yaml", import.meta.url), "utf8");
  const table = compileRoutes(readGatewayFile("gateway.yaml", text, fileVariables(config)));
  expect(table.routes.length).toBeGreaterThan(20);
  for (const path of ["/internal/prices", "/health/live", "/health/ready", "/metrics", "/sandbox/state"]) {
    expect(table.find(path, [])).toBeUndefined();
  }
});
