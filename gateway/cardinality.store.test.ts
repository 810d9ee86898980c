import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { uuidV7 } from "#mesh/uuid-v7";
import { startTestGateway, type TestGateway } from "./testing/test-gateway.ts";

const file = `
upstreams: { user: { url: "\${UPSTREAM_URL}" } }
issuers: { ecotrack: { issuer: "\${TOKEN_ISSUER}", jwks: "\${JWKS_URL}", audience: "\${TOKEN_AUDIENCE}", algorithms: [ES256] } }
limits: { default: { requests: 10, perSeconds: 60, burst: 3, by: [caller] } }
threats: { flagAbove: 20, block: { above: 50, seconds: 60 } }
defaults: { limits: [default], timeoutMs: 3000, bodyBytes: 1000 }
routes:
  - { path: "/api/users/{id}", methods: [GET, PUT], upstream: user, auth: user }
  - { path: "/api/products/{id}", methods: [GET], upstream: user, auth: anyone }
`;
let gateway: TestGateway;
beforeAll(async () => {
  const statuses = [200, 404, 409];
  let nth = 0;
  const handle = () => new Response(null, { status: statuses[nth++ % statuses.length] ?? 200 });
  gateway = await startTestGateway({ file, handle });
});
afterAll(() => gateway.close());

const odd = () => randomBytes(6).toString("hex");

/** One of each kind, everything in them new. */
async function oddRequests(): Promise<void> {
  const known = { authorization: `Bearer ${await gateway.token({ userId: uuidV7() })}` };
  const forged = { authorization: `Bearer ${await gateway.token({ issuer: odd(), forged: true })}` };
  const raw = (head: string) => gateway.raw(`${head}\r\nConnection: close\r\n\r\n`);
  const letters = odd().replaceAll(/\d/g, "q").toUpperCase();
  await Promise.all([
    gateway.call(`/${odd()}/${odd()}?${odd()}=${odd()}`),
    gateway.call(`/api/products/${odd()}`, { headers: { "x-correlation-id": odd(), traceparent: odd() } }),
    ...[1, 2, 3, 4, 5].map(() => gateway.call(`/api/users/${odd()}`, { headers: known })),
    gateway.call(`/api/users/${odd()}`, { headers: forged }),
    gateway.call(`/api/users/${odd()}`, { method: "PUT", headers: known, body: odd() }),
    gateway.call(`/api/users/${odd()}`, { headers: { "x-api-key": odd(), origin: `https://${odd()}.test` } }),
    raw(`${letters} /${odd()} HTTP/1.1\r\nHost: ${odd()}.test`),
    raw(`GET /api/products/${odd()} HTTP/1.1\r\nHost: ${odd()}.test`),
    raw(`GET /${odd()} HTTP/1.1\r\nHost: ${odd()}\r\nHost: ${odd()}`),
    raw(`GET /%00${odd()} HTTP/1.1\r\nHost: a`),
  ]);
}

/** Without what a decision was made from: that is the limiter's own matter, and how Redis is just now. */
async function series(): Promise<ReadonlySet<string>> {
  const lines = (await gateway.metrics.text()).split("\n").filter((line) => line.includes("{"));
  return new Set(lines.map((line) => line.slice(0, line.lastIndexOf(" ")).replace(/,source="\w+"/, "")));
}

test("odd paths, methods, hosts and users make series once, and then none however many come", async () => {
  for (let times = 0; times < 6; times++) await oddRequests();
  const first = await series();
  expect([...first].some((each) => each.includes('method="other"'))).toBe(true);
  expect([...first].some((each) => each.includes('route="unmatched"'))).toBe(true);
  expect([...first].some((each) => each.includes('status="429"'))).toBe(true);
  for (let times = 0; times < 60; times++) await oddRequests();
  expect([...(await series())].filter((each) => !first.has(each))).toEqual([]);
}, 20_000);
