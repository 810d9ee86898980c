import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { eventually } from "#mesh/eventually";
import { createApiKey } from "#mesh/identity/api-key-format";
import { uuidV7 } from "#mesh/uuid-v7";
import { startTestGateway, type TestGateway, type TokenClaims } from "./testing/test-gateway.ts";
import { bearer, createTestService, echo, expectProblem } from "./testing/test-service.ts";

const file = `
upstreams: { shop: { url: "\${UPSTREAM_URL}" } }
issuers:
  ecotrack:
    issuer: "\${TOKEN_ISSUER}"
    jwks: "\${JWKS_URL}"
    audience: "\${TOKEN_AUDIENCE}"
    algorithms: [ES256, EdDSA]
    type: at+jwt
    headers: { x-caller-tier: tier, x-caller-department: department }
  partner: { issuer: "https://partner.test", jwks: "\${DEAD_URL}/keys", audience: shop, algorithms: [RS256] }
limits: { default: { requests: 60000, perSeconds: 60, burst: 10000, by: [caller] } }
defaults: { limits: [default], timeoutMs: 1000, bodyBytes: 1000 }
routes:
  - { path: /open, methods: [GET], upstream: shop, auth: anyone }
  - { path: /closed, methods: [GET], upstream: shop, auth: user }
  - { path: /ignored, methods: [GET], upstream: shop, auth: anyone, ignoreToken: true }
  - { path: /staff, methods: [GET], upstream: shop, auth: { roles: [admin, clerk] } }
  - { path: /scoped, methods: [GET], upstream: shop, auth: { scopes: ["orders:read", "orders:write"] } }
  - { path: /both, methods: [GET], upstream: shop, auth: { accept: [token, api-key], scopes: ["orders:read"] } }
  - { path: /keys, methods: [GET], upstream: shop, auth: { accept: [api-key] } }
  - { path: /partner, methods: [GET], upstream: shop, auth: { issuers: [partner] } }
`;

const service = createTestService();
/** Keys that user-service knows, and the ids by which it revokes them. */
const known = new Map<string, string>();
let gateway: TestGateway;
let exchanges = 0;

beforeAll(async () => {
  gateway = await startTestGateway({
    file,
    handle: async (request) => {
      if (new URL(request.url).pathname !== "/internal/api-keys/exchange") return service.handle(request);
      exchanges += 1;
      const { key } = (await request.json()) as { key: string };
      const id = known.get(key);
      if (id === undefined) return Response.json({ code: "invalid-api-key" }, { status: 401 });
      const claims = { scope: "orders:read", tier: "pro", client_id: id };
      return Response.json({ accessToken: await gateway.token({ sessionId: id, claims }), expiresIn: 900 });
    },
  });
});
afterAll(() => gateway.close());

const get = async (path: string, claims: TokenClaims = {}) =>
  gateway.call(path, { headers: bearer(await gateway.token(claims)) });
const challenge = (answer: Response) => answer.headers.get("www-authenticate") ?? "";

describe("what a route asks for", () => {
  test("one of its roles", async () => {
    for (const roles of [["clerk"], ["customer", "admin"]])
      expect((await get("/staff", { roles })).status).toBe(200);
    const refused = await get("/staff", { roles: ["customer"] });
    expect(challenge(refused)).toContain('error="insufficient_scope"');
    await expectProblem(refused, 403, "forbidden");
  });

  test("all of its scopes, and which ones is told", async () => {
    const scoped = (scope: string) => get("/scoped", { claims: { scope } });
    expect((await scoped("orders:write profile orders:read")).status).toBe(200);
    for (const scope of ["orders:read", "orders:read orders:writer", ""]) {
      const refused = await scoped(scope);
      expect(challenge(refused)).toBe(
        'Bearer realm="ecotrack", error="insufficient_scope", scope="orders:read orders:write"',
      );
      await expectProblem(refused, 403, "insufficient-scope");
    }
  });

  test("a token of a certain issuer", async () => {
    const refused = await get("/partner");
    expect(challenge(refused)).toContain('error="invalid_token"');
    await expectProblem(refused, 401, "unauthorized");
  });

  test("an issuer whose keys cannot be had is an outage of it alone", async () => {
    const claims = { issuer: "https://partner.test", audience: "shop", header: { alg: "RS256" } } as const;
    const parts = (await gateway.token({ issuer: claims.issuer, audience: "shop" })).split(".");
    const header = Buffer.from('{"alg":"RS256","kid":"p"}').toString("base64url");
    const answer = await gateway.call("/partner", { headers: bearer(`${header}.${parts[1]}.${parts[2]}`) });
    await expectProblem(answer, 503, "unavailable");
    expect((await get("/closed")).status).toBe(200);
  });
});

describe("credentials that cannot be made out", () => {
  const raw = (lines: string, path = "/open") =>
    gateway.raw(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${lines}\r\n`);

  test("two Authorization headers, the same token twice included", async () => {
    const token = await gateway.token();
    for (const other of [`Bearer ${token}`, "Bearer other", "Basic YTpi"]) {
      const lines = `Authorization: Bearer ${token}\r\nAuthorization: ${other}\r\n`;
      expect(await raw(lines)).toStartWith("HTTP/1.1 400");
    }
  });

  test("two tokens in one header, and what is no token", async () => {
    const token = await gateway.token();
    for (const value of [`Bearer ${token}, Bearer ${token}`, `Bearer ${token} ${token}`, "Bearer <x>"]) {
      const answer = await gateway.call("/open", { headers: { authorization: value } });
      expect(challenge(answer)).toContain('error="invalid_request"');
      await expectProblem(answer, 400, "malformed-request");
    }
  });

  test("a token in the URI, with one in the header or alone", async () => {
    const token = await gateway.token();
    const path = `/open?a=1&access_token=${token}`;
    await expectProblem(await gateway.call(path, { headers: bearer(token) }), 400, "malformed-request");
    await expectProblem(await gateway.call(path), 400, "malformed-request");
  });

  test("a token and a key", async () => {
    const headers = { ...bearer(await gateway.token()), "x-api-key": createApiKey(randomBytes) };
    for (const path of ["/open", "/both", "/keys"]) {
      await expectProblem(await gateway.call(path, { headers }), 400, "malformed-request");
    }
  });

  test("another scheme is no credential: the challenge says what is taken, without an error", async () => {
    for (const authorization of ["Basic YTpi", "Bearer", "Negotiate abc"]) {
      const answer = await gateway.call("/closed", { headers: { authorization } });
      expect(challenge(answer)).toBe('Bearer realm="ecotrack"');
      await expectProblem(answer, 401, "unauthorized");
    }
  });
});

describe("claims as headers", () => {
  test("services get what is mapped, and what a client writes under these names never arrives", async () => {
    const forged = { "x-caller-tier": "gold", "x-caller-department": "board", "x-caller-anything": "1" };
    const token = await gateway.token({ claims: { tier: "pro\r\nx-admin: 1" } });
    const answer = await echo(await gateway.call("/open", { headers: { ...bearer(token), ...forged } }));
    expect(answer.headers).toMatchObject({ "x-caller-tier": "pro%0D%0Ax-admin: 1" });
    expect(Object.keys(answer.headers).filter((name) => /department|anything|admin/.test(name))).toEqual([]);
    const anonymous = await echo(await gateway.call("/open", { headers: forged }));
    expect(Object.keys(anonymous.headers).filter((name) => name.startsWith("x-caller"))).toEqual([]);
  });
});

describe("API keys", () => {
  const withKey = (path: string, key: string) => gateway.call(path, { headers: { "x-api-key": key } });
  const issue = () => {
    const key = createApiKey(randomBytes);
    const id = uuidV7();
    known.set(key, id);
    return { key, id };
  };

  test("become a token for the services, which never see the key", async () => {
    const { key } = issue();
    const answer = await echo(await withKey("/both", key));
    expect(answer.headers.authorization).toMatch(/^Bearer ey/);
    expect(answer.headers["x-caller-tier"]).toBe("pro");
    expect(JSON.stringify(answer)).not.toContain(key);
    const before = exchanges;
    for (let times = 0; times < 5; times++) expect((await withKey("/both", key)).status).toBe(200);
    expect(exchanges).toBe(before);
    expect(gateway.lines.join("")).not.toContain(key);
  });

  test("are taken only where a route says so, and a route may take nothing else", async () => {
    const { key } = issue();
    for (const path of ["/open", "/closed", "/scoped"])
      await expectProblem(await withKey(path, key), 401, "unauthorized");
    expect((await withKey("/keys", key)).status).toBe(200);
    await expectProblem(await get("/keys"), 401, "unauthorized");
    expect((await withKey("/ignored", key)).status).toBe(200);
  });

  test("that nobody issued are refused, those with a wrong checksum without asking", async () => {
    const before = exchanges;
    await expectProblem(await withKey("/both", "eco_live_nonsense"), 401, "invalid-api-key");
    await expectProblem(
      await withKey("/both", `${createApiKey(randomBytes).slice(0, -1)}!`),
      401,
      "invalid-api-key",
    );
    expect(exchanges).toBe(before);
    await expectProblem(await withKey("/both", createApiKey(randomBytes)), 401, "invalid-api-key");
    expect(exchanges).toBe(before + 1);
  });

  test("end within a second when their owner revokes them", async () => {
    const { key, id } = issue();
    expect((await withKey("/both", key)).status).toBe(200);
    known.delete(key);
    await gateway.revocations.revoke(id, new Date(Date.now() + 900_000));
    const refused = await eventually(
      async () => {
        const answer = await withKey("/both", key);
        return answer.status === 401 ? answer : undefined;
      },
      { withinMs: 1000 },
    );
    await expectProblem(refused, 401, "invalid-api-key");
  });
});

test("all tokens of a user that were issued before end within a second, younger ones and other users' do not", async () => {
  const [userId, other] = [uuidV7(), uuidV7()];
  const tokens = await Promise.all([
    gateway.token({ userId }),
    gateway.token({ userId }),
    gateway.token({ userId: other }),
  ]);
  const statuses = () =>
    Promise.all(
      tokens.map(async (token) => (await gateway.call("/closed", { headers: bearer(token) })).status),
    );
  expect(await statuses()).toEqual([200, 200, 200]);
  const until = new Date(Date.now() + 900_000);
  await gateway.revocations.revokeUser(userId, new Date(Date.now() + 2000), until);
  await gateway.revocations.revokeUser(other, new Date(Date.now() - 5000), until);
  await eventually(async () => ((await statuses()).join() === "401,401,200" ? true : undefined), {
    withinMs: 1000,
  });
});
