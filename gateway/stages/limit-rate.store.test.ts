import { afterAll, beforeAll, expect, test } from "bun:test";
import { uuidV7 } from "#mesh/uuid-v7";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";
import { bearer } from "../testing/test-service.ts";

const file = `
upstreams: { order: { url: "\${UPSTREAM_URL}" } }
issuers: { main: { issuer: "\${TOKEN_ISSUER}", jwks: "\${JWKS_URL}", audience: "\${TOKEN_AUDIENCE}", algorithms: [ES256] } }
tiers: [pro]
limits:
  calls: { requests: 600, perSeconds: 60, burst: 10, by: [caller], tiers: { pro: { requests: 1200, burst: 20 } }, exempt: [internal] }
  day: { requests: 5, per: day, by: [user, route], exempt: [internal] }
defaults: { limits: [calls], timeoutMs: 1000, bodyBytes: 1000 }
routes:
  - { path: /api/orders, methods: [GET], upstream: order, auth: anyone, limits: [calls, day] }
  - { path: /api/reports, methods: [GET], upstream: order, auth: user, limits: [calls, day], cost: 2 }
  - { path: /api/free, methods: [GET], upstream: order, auth: user, limits: [calls] }
`;
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ file, handle: () => new Response("done") });
});
afterAll(() => gateway.close());

async function caller(claims: Record<string, unknown> = {}, roles: string[] = ["customer"]) {
  const headers = bearer(await gateway.token({ userId: uuidV7(), roles, claims }));
  return (path: string) => gateway.call(path, { headers });
}

test("every limit of a route is told, and the one that refuses is named", async () => {
  const call = await caller();
  const first = await call("/api/orders");
  expect(first.headers.get("ratelimit-policy")).toBe('"calls";q=10;w=1, "day";q=5;w=86400');
  expect(first.headers.get("ratelimit")).toMatch(/^"calls";r=9;t=1, "day";r=4;t=\d+$/);
  for (let times = 0; times < 4; times++) expect((await call("/api/orders")).status).toBe(200);
  const refused = await call("/api/orders");
  expect(refused.status).toBe(429);
  const wait = Number(refused.headers.get("retry-after"));
  expect(wait).toBeWithin(1, 86_401);
  expect(refused.headers.get("ratelimit")).toBe(`"day";r=0;t=${wait}`);
  expect(await refused.json()).toMatchObject({
    type: "https://iana.org/assignments/http-problem-types#quota-exceeded",
    code: "quota-exceeded",
    "violated-policies": ["day"],
  });
});

test("a route's cost is taken from each limit", async () => {
  const call = await caller();
  expect((await call("/api/reports")).headers.get("ratelimit")).toMatch(/^"calls";r=8;t=1, "day";r=3;/);
  await call("/api/reports");
  // One is left, and two are needed.
  const refused = await call("/api/reports");
  expect(refused.status).toBe(429);
  expect(refused.headers.get("ratelimit")).toBe(`"day";r=0;t=${refused.headers.get("retry-after")}`);
});

test("a limit by user does not apply to who has no token", async () => {
  const answer = await gateway.call("/api/orders");
  expect(answer.headers.get("ratelimit-policy")).toBe('"calls";q=10;w=1');
});

test("a tier has its own numbers", async () => {
  const call = await caller({ tier: "pro" });
  expect((await call("/api/free")).headers.get("ratelimit-policy")).toBe('"calls";q=20;w=1');
});

test("an exempt role of a verified token is not counted; a header that claims it is nothing", async () => {
  const call = await caller({}, ["internal"]);
  for (let times = 0; times < 30; times++) expect((await call("/api/free")).status).toBe(200);
  expect((await call("/api/free")).headers.get("ratelimit")).toBeNull();
  const answer = await gateway.call("/api/orders", { headers: { "x-roles": "internal", "x-internal": "1" } });
  expect(answer.headers.get("ratelimit")).not.toBeNull();
  expect(await gateway.metrics.text()).toMatch(
    /gateway_rate_limit_decisions_total\{.*limit="calls",outcome="allowed",source="exempt".*\} 31/,
  );
});
