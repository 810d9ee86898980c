import { describe, expect, test } from "bun:test";
import { good, read, variable } from "./test-gateway-file.ts";

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
