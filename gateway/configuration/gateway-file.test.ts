import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { fileVariables, readConfig } from "../config.ts";
import { compileRoutes } from "../routes.ts";
import { parseGatewayFile, readGatewayFile } from "./gateway-file.ts";
import { gatewayFileSchema } from "./gateway-file-schema.ts";

const variable = "$".concat("{ORDER_SERVICE_URL}");
const good = `upstreams:
  order: { url: "${variable}" }
issuers:
  shop: { issuer: shop, jwks: "http://shop/keys", audience: shop, algorithms: [ES256] }
tiers: [pro]
limits:
  default: { requests: 10, perSeconds: 1, burst: 5, by: [caller], tiers: { pro: { requests: 50 } } }
  keys: { requests: 10, per: day, by: [api-key] }
cors:
  shop: { origins: [], maxAgeSeconds: 0 }
defaults: { limits: [default], timeoutMs: 1000, bodyBytes: 10, cors: shop }
routes:
  - { path: /api/orders, methods: [GET], upstream: order, auth: user }
  - { path: /api/keys, methods: [POST], upstream: order, auth: { accept: [api-key] }, limits: [keys] }
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
  SERVICE_KEY: "{}",
};

test("variables of the environment stand in for upstreams, and what is left out has its default", () => {
  const file = read(good);
  expect(file.upstreams).toEqual({ order: { url: "http://127.0.0.1:8083" } });
  expect(file.issuers.shop).toMatchObject({ clockSkewSeconds: 5, requiredClaims: [], headers: {} });
  expect(file.addresses).toEqual({ allow: [], deny: [] });
});

const extra = "auth: user }";
const cases: readonly (readonly [string, string, string, string])[] = [
  ["an unknown key", extra, "auth: user, aut: user }", "gateway.yaml:13:71: routes.0.aut is not a known key"],
  ["a missing key", ", auth: user }", " }", "gateway.yaml:13:5: routes.0.auth is missing"],
  [
    "an unknown upstream",
    "upstream: order, auth: user",
    "upstream: ordr, auth: user",
    'gateway.yaml:13:42: routes.0.upstream names the upstream "ordr", which is not defined',
  ],
  [
    "an unknown limit",
    "limits: [default],",
    "limits: [strict],",
    'gateway.yaml:11:22: defaults.limits.0 names the limit "strict", which is not defined',
  ],
  ["an unknown cors policy", "cors: shop }", "cors: shp }", 'defaults.cors names the cors policy "shp"'],
  ["an unknown tier", "{ pro: {", "{ prof: {", 'limits.default.tiers.prof names the tier "prof"'],
  [
    "an unknown issuer",
    extra,
    "auth: { issuers: [you] } }",
    'routes.0.auth.issuers.0 names the issuer "you"',
  ],
  [
    "an answer without its sources",
    "upstream: order, auth: user",
    "answer: order-details, auth: user",
    "routes.0.answer reads from the upstream user, which is not defined",
  ],
  ["an unknown variable", "ORDER_SERVICE_URL", "ORDERS_URL", "which is not a known variable"],
  [
    "a url of another kind",
    variable,
    "ftp://order",
    'upstreams.order.url is "ftp://order", expected an http or https URL',
  ],
  [
    "a url with a password",
    variable,
    "http://a:b@order",
    "upstreams.order.url holds credentials, which have no place in this file",
  ],
  [
    "an unknown role",
    extra,
    "auth: owner }",
    "routes.0.auth must be one of anyone, user, admin, or in detail",
  ],
  ["a role in the wrong place", extra, "auth: { role: admin } }", "routes.0.auth.role is not a known key"],
  [
    "neither upstream nor answer",
    "upstream: order, auth: user",
    "auth: user",
    "routes.0 needs either upstream or answer",
  ],
  ["both of them", extra, "auth: user, answer: docs }", "routes.0 needs either upstream or answer"],
  [
    "neither rate nor quota",
    "perSeconds: 1, burst: 5, ",
    "",
    "limits.default needs either perSeconds and burst or per",
  ],
  [
    "a rate that no clock can count",
    "requests: 10, perSeconds: 1,",
    "requests: 100001, perSeconds: 1,",
    "limits.default.requests is more than 100000 a second",
  ],
  ["a cost that is never there", extra, "auth: user, cost: 6 }", "routes.0.cost is more than the 5"],
  ["a burst of a quota", "per: day,", "per: day, burst: 5,", "limits.keys.burst contradicts per: day"],
  [
    "a caller who is counted twice",
    "by: [caller]",
    "by: [caller, user]",
    "limits.default.by has caller, which is the user or the address already",
  ],
  [
    "a token that is ignored and needed",
    extra,
    "auth: user, ignoreToken: true }",
    "routes.0.ignoreToken contradicts auth, which wants a caller",
  ],
  [
    "roles of nobody",
    extra,
    "auth: { anonymous: true, roles: [admin] } }",
    "routes.0.auth.roles contradicts anonymous: true",
  ],
  [
    "validation of an answer",
    "upstream: order, auth: user",
    "answer: docs, auth: user, validate: true",
    "routes.0.validate has nothing to go by",
  ],
  [
    "content types of a GET",
    extra,
    "auth: user, contentTypes: [text/plain] }",
    "routes.0.contentTypes is for bodies, and a GET has none",
  ],
  [
    "a count of keys that are not taken",
    extra,
    "auth: user, limits: [keys] }",
    "routes.0.limits.0 is limited by keys by API key, and takes none",
  ],
  [
    "callers without an issuer",
    'issuers:\n  shop: { issuer: shop, jwks: "http://shop/keys", audience: shop, algorithms: [ES256] }\n',
    "",
    "routes.0.auth wants a caller, and no issuer is defined",
  ],
  [
    "a host to choose by a header",
    extra,
    "auth: user, headers: { Host: a } }",
    "routes.0.headers.Host is nothing to choose a route by",
  ],
  [
    "an audience that is none",
    "audience: shop",
    "audience: 5",
    "issuers.shop.audience must be string or array",
  ],
  ["a star as origin", "origins: []", 'origins: ["*"]', "cors.shop.origins.0 must match pattern"],
  [
    "an origin that no browser sends",
    "origins: []",
    'origins: ["https://Shop.test:443"]',
    "cors.shop.origins.0 is sent by browsers as https://shop.test",
  ],
  [
    "a range that is none",
    "tiers: [pro]",
    "tiers: [pro]\naddresses: { deny: [10.0.0.0/33] }",
    'addresses.deny.0 is "10.0.0.0/33", expected an address or a range',
  ],
  ["a name that is none", "  order:", "  Order:", "upstreams.Order is no name"],
  [
    "a key that stands twice",
    "methods: [GET], ",
    "methods: [GET], methods: [PUT], ",
    "gateway.yaml:13:42: Map keys must be unique",
  ],
  ["no YAML", "upstreams:", "upstreams: [", "gateway.yaml:"],
];

test.each(cases)("%s is refused by its key", (_name, from, to, message) => {
  expect(good).toContain(from);
  expect(() => read(good.replace(from, to))).toThrow(message);
});

test.each([
  [
    extra,
    "auth: { roles: [owner, onwer] } }",
    'gateway.yaml:14:82: routes.0.auth.roles.1 names the role "onwer"',
  ],
  [extra, "auth: admin }", 'gateway.yaml:14:59: routes.0.auth names the role "admin", which is not defined'],
  ["by: [api-key]", "by: [api-key], exempt: [onwer]", 'limits.keys.exempt.0 names the role "onwer"'],
])("where roles are listed, %p may not become %p", (from, to, message) => {
  const listed = good.replace("tiers:", "roles: [owner]\ntiers:");
  expect(() => read(listed.replace(from, to))).toThrow(message);
  expect(() => read(good.replace(from, to))).not.toThrow();
  const known = good.replace("tiers:", "roles: [owner, onwer, admin]\ntiers:");
  expect(() => read(known.replace(from, to))).not.toThrow();
});

test("aliases that multiply are refused", () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x,x]\n${"bcdefgh"
    .split("")
    .map((name, at) => `${name}: &${name} [${`*${"abcdefg"[at]},`.repeat(10)}]\n`)
    .join("")}`;
  expect(() => read(bomb)).toThrow("gateway.yaml:8:35: Excessive alias count");
});

test.each(["", "\n\n# nothing\n"])("a file with nothing in it is refused where it begins: %p", (text) => {
  expect(() => read(text)).toThrow("gateway.yaml:1:1: the file must be object");
});

describe("calls that stand twice", () => {
  const twice = (first: string, second: string) => () => read(`${good}  - ${first}\n  - ${second}\n`);
  const route = (path: string, rest: string) => `{ path: "${path}", upstream: order, auth: user, ${rest} }`;

  test("are refused whatever their parameters are called", () => {
    expect(twice(route("/api/{a}", "methods: [GET]"), route("/api/{b}", "methods: [POST, GET]"))).toThrow(
      "gateway.yaml:16:5: routes.3 defines GET /api/{b} again, after routes.2",
    );
    expect(
      twice(
        route("/x", 'methods: [GET], headers: { x-a: "1", X-B: "2" }'),
        route("/x", 'methods: [GET], headers: { x-b: "2", x-a: "1" }'),
      ),
    ).toThrow("defines GET /x again");
  });

  test("are different under another host or another condition", () => {
    expect(twice(route("/x", "methods: [GET]"), route("/x", "methods: [GET], host: a.test"))).not.toThrow();
    expect(
      twice(
        route("/x", 'methods: [GET], headers: { x-a: "1" }'),
        route("/x", 'methods: [GET], headers: { x-a: "2" }'),
      ),
    ).not.toThrow();
  });
});

test("every mistake is told at once, those of meaning beside those of form", () => {
  const text = good
    .replace("upstream: order, auth: user", "upstream: ordr, auth: user")
    .replace("limits: [default],", "limits: [strict],")
    .replace("limits: [keys] }", "limits: [keys], validat: true }")
    .replace("auth: { accept", "oauth: { accept");
  let message = "";
  try {
    read(text);
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message.split("\n").sort()).toEqual(
    [
      'gateway.yaml:11:22: defaults.limits.0 names the limit "strict", which is not defined',
      'gateway.yaml:13:42: routes.0.upstream names the upstream "ordr", which is not defined',
      "gateway.yaml:14:5: routes.1.auth is missing",
      "gateway.yaml:14:58: routes.1.oauth is not a known key",
      "gateway.yaml:14:104: routes.1.validat is not a known key",
    ].sort(),
  );
});

test("what nobody refers to is a warning", () => {
  const { warnings } = parseGatewayFile("gateway.yaml", good.replace(", limits: [keys]", ""), variables);
  expect(warnings).toEqual(["gateway.yaml:8:3: limits.keys is used by no route"]);
});

test("callers whom no limit counts are a warning, unless there is none at all", () => {
  const warned = (change: string) => {
    const text = good.replace("limits: [keys] }", change);
    return parseGatewayFile("gateway.yaml", text, variables).warnings.filter((each) =>
      each.includes("counts"),
    );
  };
  expect(warned("limits: [keys] }")).toEqual([]);
  expect(warned("limits: [] }")).toEqual([]);
  const open = good.replace(
    "auth: { accept: [api-key] }",
    "auth: { anonymous: true, accept: [token, api-key] }",
  );
  expect(parseGatewayFile("gateway.yaml", open, variables).warnings).toEqual([
    "gateway.yaml:14:5: routes.1 has no limit that counts callers without a credential",
    "gateway.yaml:14:5: routes.1 has no limit that counts callers with a token",
  ]);
});

test("the file in the repository is good, and nothing internal can be reached through it", () => {
  const config = readConfig(environment);
  const text = readFileSync(new URL("../gateway.yaml", import.meta.url), "utf8");
  const { file, warnings } = parseGatewayFile("gateway.yaml", text, fileVariables(config));
  expect(warnings).toEqual([]);
  const table = compileRoutes(file);
  expect(table.routes.length).toBeGreaterThan(20);
  for (const path of ["/internal/prices", "/health/live", "/health/ready", "/metrics", "/sandbox/state"]) {
    expect(table.allowed("", path, new Headers())).toBe("");
  }
});

test("the schema that editors read is the one that the gateway checks with", () => {
  const published: unknown = JSON.parse(
    readFileSync(new URL("../gateway.schema.json", import.meta.url), "utf8"),
  );
  expect(published).toEqual(JSON.parse(JSON.stringify(gatewayFileSchema)));
});
