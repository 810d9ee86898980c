import { afterAll, beforeAll, expect, test } from "bun:test";
import { startTestGateway, type TestGateway } from "./testing/test-gateway.ts";
import { expectProblem } from "./testing/test-service.ts";

const form = "application/x-www-form-urlencoded";
const file = `
upstreams: { user: { url: "\${UPSTREAM_URL}" }, dead: { url: "\${DEAD_URL}" } }
issuers: { ecotrack: { issuer: "\${TOKEN_ISSUER}", jwks: "\${JWKS_URL}", audience: "\${TOKEN_AUDIENCE}", algorithms: [ES256] } }
limits: { once: { requests: 1, perSeconds: 60, burst: 1, by: [address] } }
defaults: { limits: [], timeoutMs: 400, bodyBytes: 20, contentTypes: [${form}] }
routes:
  - { path: /oauth/token, methods: [POST], upstream: user, auth: anyone, ignoreToken: true, refusals: oauth }
  - { path: /oauth/once, methods: [POST], upstream: user, auth: anyone, ignoreToken: true, refusals: oauth, limits: [once] }
  - { path: /oauth/away, methods: [POST], upstream: dead, auth: anyone, ignoreToken: true, refusals: oauth }
  - { path: /oauth/authorize, methods: [POST], upstream: user, auth: anyone, ignoreToken: true }
`;
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ file, handle: () => new Promise(() => {}) });
});
afterAll(() => gateway.close());

const post = (path: string, body = "a=b", type = form, address?: string) =>
  gateway.call(path, {
    method: "POST",
    body,
    headers: { "content-type": type },
    ...(address !== undefined && { address }),
  });

async function expectOAuth(answer: Response, status: number, error: string): Promise<void> {
  expect(answer.status).toBe(status);
  expect(answer.headers.get("content-type")).toBe("application/json");
  expect(answer.headers.get("cache-control")).toBe("no-store");
  const told = (await answer.json()) as Record<string, string>;
  expect(Object.keys(told).sort()).toEqual(["error", "error_description"]);
  expect(told.error).toBe(error);
}

test("where tokens are given, what is wrong with a request is told as RFC 6749 has it", async () => {
  await expectOAuth(await post("/oauth/token", "{}", "application/json"), 400, "invalid_request");
  await expectOAuth(await post("/oauth/token", "a".repeat(21)), 413, "invalid_request");
});

test("what is not the client's fault says when to come back, too", async () => {
  const address = "10.20.30.40";
  const late = await post("/oauth/once", "a=b", form, address);
  await expectOAuth(late, 504, "temporarily_unavailable");
  const over = await post("/oauth/once", "a=b", form, address);
  expect(over.headers.get("retry-after")).toMatch(/^\d+$/);
  await expectOAuth(over, 429, "temporarily_unavailable");
  const away = await post("/oauth/away");
  expect(away.headers.get("retry-after")).toBe("1");
  await expectOAuth(away, 502, "temporarily_unavailable");
});

test("the page for people and paths without a route go on refusing with problem documents", async () => {
  await expectProblem(
    await post("/oauth/authorize", "{}", "application/json"),
    415,
    "unsupported-media-type",
  );
  await expectProblem(await gateway.call("/oauth/token"), 405, "method-not-allowed");
});
