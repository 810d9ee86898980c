import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { eventually } from "#mesh/eventually";
import { createApiKey } from "#mesh/identity/api-key-format";
import { openRedis } from "#mesh/redis/open-redis";
import { createLog } from "#observability/log";
import { createMetrics } from "#observability/metrics";
import { createAdminApp } from "./admin-app.ts";
import { startTestGateway, type TestGateway, testRedisUrl } from "./testing/test-gateway.ts";
import { bearer, expectProblem } from "./testing/test-service.ts";
import { shareThreats } from "./threats/share-threats.ts";
import { compileThreats } from "./threats/threat-policy.ts";
import { Threats } from "./threats/threats.ts";

const file = `
upstreams: { user: { url: "\${UPSTREAM_URL}" } }
issuers: { ecotrack: { issuer: "\${TOKEN_ISSUER}", jwks: "\${JWKS_URL}", audience: "\${TOKEN_AUDIENCE}", algorithms: [ES256] } }
limits: { default: { requests: 600000, perSeconds: 60, burst: 100000, by: [address] } }
threats: { halfLifeSeconds: 3600, flagAbove: 20, block: { above: 50, seconds: 60 } }
defaults: { limits: [default], timeoutMs: 3000, bodyBytes: 1000 }
routes:
  - { path: /api/auth/login, methods: [POST], upstream: user, auth: anyone, ignoreToken: true }
  - { path: "/api/users/{id}", methods: [GET], upstream: user, auth: { accept: [token, api-key] } }
  - { path: "/api/products/{id}", methods: [GET], upstream: user, auth: anyone }
`;

let gateway: TestGateway;
/** What the service answers by the last part of the path; a password that is right is "right". */
async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/internal/api-keys/exchange")
    return Response.json({ accessToken: await gateway.token(), expiresIn: 900 });
  const known: Record<string, number> = { forbidden: 403, missing: 404, conflict: 409 };
  if (request.method === "POST")
    return new Response(null, { status: (await request.text()).includes("right") ? 200 : 401 });
  return new Response(null, { status: known[pathname.split("/").at(-1) ?? ""] ?? 200 });
}

beforeAll(async () => {
  gateway = await startTestGateway({ file, handle: answer });
});
afterEach(() => {
  for (const { key } of [...gateway.threats.view(1000).top, ...gateway.threats.view(1000).blocked])
    gateway.threats.pardon(key);
});
afterAll(() => gateway.close());

const logIn = (address: string, email: string, password = "wrong", headers: Record<string, string> = {}) =>
  gateway.call("/api/auth/login", {
    method: "POST",
    address,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ email, password }),
  });
const read = (address: string, path: string, headers: Record<string, string> = {}) =>
  gateway.call(path, { address, headers });

async function guess(address: string, email: (nth: number) => string, times = 12): Promise<number> {
  let status = 0;
  for (let nth = 0; nth < times; nth++) status = (await logIn(address, email(nth))).status;
  return status;
}

test("guessing passwords from one address ends in a block of that address, with the time that it lasts", async () => {
  expect(await guess("203.0.113.1", (nth) => `person-${nth}@example.test`)).toBe(429);
  const refused = await read("203.0.113.1", "/api/products/1");
  expect(Number(refused.headers.get("retry-after"))).toBeWithin(50, 61);
  await expectProblem(refused, 429, "blocked-for-a-while");
  expect((await read("203.0.113.2", "/api/products/1")).status).toBe(200);
  expect(gateway.lines.filter((line) => line.includes("blocked for a while"))).not.toHaveLength(0);
  expect(await gateway.metrics.text()).toMatch(/gateway_blocked\{[^}]*\} 1/);
});

test("all addresses of one IPv6 network are one", async () => {
  await guess("2001:db8:1:2::1", (nth) => `${nth}@example.test`);
  expect((await read("2001:db8:1:2:a:b:c:d", "/api/products/1")).status).toBe(429);
  expect((await read("2001:db8:1:3::1", "/api/products/1")).status).toBe(200);
});

test("who shows a good token stays in at an address that others got blocked; for signing in that does not count", async () => {
  const token = bearer(await gateway.token());
  expect((await read("203.0.113.3", "/api/users/me", token)).status).toBe(200);
  await guess("203.0.113.3", (nth) => `${nth}@example.test`);
  expect((await read("203.0.113.3", "/api/users/me", token)).status).toBe(200);
  expect((await read("203.0.113.3", "/api/users/me", bearer(await gateway.token()))).status).toBe(200);
  const forged = bearer(await gateway.token({ forged: true }));
  expect((await read("203.0.113.3", "/api/users/me", forged)).status).toBe(429);
  expect((await read("203.0.113.3", "/api/none", token)).status).toBe(429);
  expect((await logIn("203.0.113.3", "a@example.test", "right", token)).status).toBe(429);
});

test("of tokens that nobody knows only some are looked at from a blocked address, and known ones always", async () => {
  const token = bearer(await gateway.token());
  expect((await read("203.0.113.30", "/api/users/me", token)).status).toBe(200);
  await guess("203.0.113.30", (nth) => `${nth}@example.test`);
  const tokens = await Promise.all(Array.from({ length: 200 }, () => gateway.token()));
  const statuses = await Promise.all(
    tokens.map(async (each) => (await read("203.0.113.30", "/api/users/me", bearer(each))).status),
  );
  const heard = statuses.filter((status) => status === 200).length;
  expect(heard).toBeGreaterThanOrEqual(10);
  // Ten a second: for all of them twenty seconds would have to pass.
  expect(heard).toBeLessThan(200);
  expect(new Set(statuses)).toEqual(new Set([200, 429]));
  expect((await read("203.0.113.30", "/api/users/me", token)).status).toBe(200);
  await eventually(async () => {
    const later = await read("203.0.113.30", "/api/users/me", bearer(await gateway.token()));
    return later.status === 200 || undefined;
  });
});

test("so does who shows a good API key", async () => {
  const [used, other] = [createApiKey(randomBytes), createApiKey(randomBytes)].map((key) => ({
    "x-api-key": key,
  }));
  expect((await read("203.0.113.8", "/api/users/me", used)).status).toBe(200);
  await guess("203.0.113.8", (nth) => `${nth}@example.test`);
  expect((await read("203.0.113.8", "/api/users/me", used)).status).toBe(200);
  expect((await read("203.0.113.8", "/api/users/me", other)).status).toBe(200);
  expect((await read("203.0.113.8", "/api/users/me", { "x-api-key": "eco_live_no" })).status).toBe(429);
});

test("an account is never locked by failures elsewhere; it is flagged", async () => {
  for (let nth = 0; nth < 30; nth++) await logIn(`198.51.100.${nth}`, "ada@example.test");
  expect((await logIn("203.0.113.4", "Ada@example.test", "right")).status).toBe(200);
  const [first] = gateway.threats.view().top;
  expect(first).toMatchObject({ flagged: true, blocks: 0, reasons: { "failed-sign-in": 30 } });
  expect(first?.key).toMatch(/^login:[0-9a-f]{16}$/);
});

test("a caller that keeps failing is blocked where it does, and not elsewhere", async () => {
  const token = bearer(await gateway.token());
  for (let nth = 0; nth < 26; nth++) await read("203.0.113.5", "/api/users/forbidden", token);
  expect((await read("203.0.113.5", "/api/users/me", token)).status).toBe(429);
  expect((await read("203.0.113.6", "/api/users/me", token)).status).toBe(200);
});

test("what goes well, and a conflict, tell nothing; each failure tells what it is", async () => {
  await read("203.0.113.7", "/api/products/1");
  await read("203.0.113.7", "/api/products/conflict");
  expect(gateway.threats.view().top).toHaveLength(0);
  await read("203.0.113.7", "/api/products/missing");
  await read("203.0.113.7", "/api/none");
  await read("203.0.113.7", "/api/products/%2f");
  await read("203.0.113.7", "/api/users/me");
  await read("203.0.113.7", "/api/users/me", bearer(await gateway.token({ forged: true })));
  expect(gateway.threats.view().top).toEqual([
    {
      key: "address:203.0.113.7",
      points: 9.5,
      flagged: false,
      blocks: 0,
      reasons: { "not-found": 1, "unknown-path": 1, "bad-path": 1, unauthorized: 2 },
    },
  ]);
});

test("a proxy of ours is not blamed for its clients, and an unreadable head is", async () => {
  // This machine is a trusted proxy here; what it sends for nobody is nobody's.
  for (let nth = 0; nth < 5; nth++) await gateway.raw("nonsense\r\n\r\n");
  expect(gateway.threats.view().top).toHaveLength(0);
  const strict = await startTestGateway({ file, handle: answer, trustedProxies: [] });
  for (let nth = 0; nth < 11; nth++) await strict.raw("nonsense\r\n\r\n");
  expect(
    await strict.raw("GET /api/products/1 HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n"),
  ).toStartWith("HTTP/1.1 429 ");
  await strict.close();
});

test("operators see who it is and why, and pardon", async () => {
  await guess("2001:db8:9:9::1", (nth) => `${nth}@example.test`, 12);
  const admin = createAdminApp({ threats: gateway.threats } as unknown as Parameters<
    typeof createAdminApp
  >[0]);
  const ask = (method: string, path: string) => admin.fetch(new Request(`http://admin${path}`, { method }));
  const seen = await (await ask("GET", "/threats")).text();
  expect(JSON.parse(seen)).toMatchObject({
    watching: true,
    blocked: [{ key: "address:2001:db8:9:9", seconds: 60 }],
  });
  expect(seen).not.toContain("example.test");
  const path = `/threats/${encodeURIComponent("address:2001:db8:9:9")}`;
  expect((await ask("DELETE", path)).status).toBe(204);
  expect((await ask("DELETE", path)).status).toBe(404);
  expect((await read("2001:db8:9:9::1", "/api/products/1")).status).toBe(200);
});

test("a block of one gateway is one of all, and so is a pardon", async () => {
  const log = createLog({ service: "test", level: "fatal" });
  const policy = compileThreats({ block: { above: 10, seconds: 60 } });
  const both = [1, 2].map(() => {
    const redis = openRedis({ url: testRedisUrl(), name: "test", log });
    const news = shareThreats({ redis, log });
    const threats = new Threats({ policy: () => policy, log, metrics: createMetrics("test"), news });
    news.tellTo(threats);
    return { redis, news, threats };
  });
  const [one, other] = both.map(({ threats }) => threats) as [Threats, Threats];
  const blocked = (threats: Threats) => threats.addressBlockedFor("203.0.113.9") > 0;
  // Subscribing takes a moment, and what is published before is lost.
  await eventually(
    () => {
      one.pardon("address:203.0.113.9");
      for (let nth = 0; nth < 3; nth++) one.note("bad-path", "203.0.113.9", undefined);
      return blocked(other) || undefined;
    },
    { withinMs: 5000 },
  );
  // What the first one told last may still be on its way.
  await eventually(
    () => {
      if (![one, other].some(blocked)) return true;
      other.pardon("address:203.0.113.9");
      return undefined;
    },
    { withinMs: 5000 },
  );
  expect([one, other].map(blocked)).toEqual([false, false]);
  for (const { redis, news } of both) {
    news.close();
    redis.disconnect();
  }
});
