import { afterAll, beforeAll, expect, test } from "bun:test";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";
import { explainCall } from "./explain.ts";
import { parseGatewayFile } from "./gateway-file.ts";

const file = `upstreams: { order: { url: "\${DEAD_URL}" } }
issuers: { ecotrack: { issuer: "\${TOKEN_ISSUER}", jwks: "\${JWKS_URL}", audience: "\${TOKEN_AUDIENCE}", algorithms: [ES256] } }
limits: { once: { requests: 1, perSeconds: 3600, burst: 1, by: [address] } }
addresses: { deny: [192.0.2.0/24] }
defaults: { limits: [once], timeoutMs: 1000, bodyBytes: 10, contentTypes: [application/json] }
routes:
  - { path: /orders, methods: [POST], upstream: order, auth: { roles: [admin], scopes: [orders] } }
`;
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ file, handle: () => new Response() });
});
afterAll(() => gateway.close());

test("a call that is wrong in every way is refused in the order in which explain tells", async () => {
  const known = await gateway.token({ roles: ["customer"] });
  const admin = await gateway.token({ roles: ["admin"] });
  const scoped = await gateway.token({ roles: ["admin"], claims: { scope: "orders" } });
  const forged = await gateway.token({ forged: true });
  const spent = { address: "10.1.2.3" };
  await gateway.call("/orders", { method: "POST", ...spent });
  const wrong = { "content-type": "text/plain", "content-encoding": "gzip" };
  const large = "12345678901";
  type More = { readonly body?: string; readonly address?: string };
  const send = async (headers: Record<string, string>, { body = large, ...more }: More = {}) => {
    const answer = await gateway.call("/orders", { method: "POST", body, headers, ...more });
    return `${answer.status} ${((await answer.json()) as { code: string }).code}`;
  };
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const json = { "content-type": "application/json" };
  // Each has one mistake less than the one before it.
  const told = [
    await send({ ...wrong, ...bearer(forged), "x-api-key": "eco" }, { address: "192.0.2.7" }),
    await send({ ...wrong, ...bearer(forged), "x-api-key": "eco" }, spent),
    await send({ ...wrong, ...bearer(forged), "x-api-key": "eco" }),
    await send({ ...wrong, ...bearer(forged) }),
    await send({ ...wrong, ...bearer(known) }),
    await send({ ...wrong, ...bearer(admin) }),
    await send({ ...wrong, ...bearer(scoped) }),
    await send({ ...wrong, ...json, ...bearer(scoped) }),
    await send({ ...json, ...bearer(scoped) }),
    await send({ ...json, ...bearer(scoped) }, { body: "{}" }),
  ];
  expect(new Set(told).size).toBe(told.length);

  const variables = { DEAD_URL: "http://a", TOKEN_ISSUER: "a", JWKS_URL: "http://a", TOKEN_AUDIENCE: "a" };
  const { refusals } = explainCall("gateway.yaml", parseGatewayFile("gateway.yaml", file, variables), {
    method: "POST",
    target: "/orders",
    host: "shop.test",
    headers: [],
  });
  const explained = refusals.map(({ status, code }) => `${status} ${code}`);
  let at = 0;
  for (const each of told) {
    const found = explained.indexOf(each, at);
    expect([each, found]).not.toEqual([each, -1]);
    at = found;
  }
});
