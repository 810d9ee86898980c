import { expect, test } from "bun:test";
import { messageProblems } from "../http/message-problems.ts";
import { edgeProblems } from "../problems.ts";
import { type Call, explainCall } from "./explain.ts";
import { parseGatewayFile } from "./gateway-file.ts";

const file = `upstreams: { order: { url: "http://order:8083" } }
issuers: { shop: { issuer: shop, jwks: "http://shop/keys", audience: shop, algorithms: [ES256] } }
limits: { default: { requests: 600, perSeconds: 60, burst: 100, by: [caller] } }
addresses: { deny: [192.0.2.0/24] }
threats: { halfLifeSeconds: 60, flagAbove: 50, block: { above: 100, seconds: 60 } }
defaults: { limits: [default], timeoutMs: 1000, bodyBytes: 10, contentTypes: [application/json] }
routes:
  - { path: /orders, methods: [POST], upstream: order, auth: { roles: [admin], scopes: [a], accept: [token, api-key] }, validate: true }
  - { path: /tokens, methods: [POST], upstream: order, auth: { accept: [token] } }
  - { path: /keys, methods: [POST], upstream: order, auth: { accept: [api-key] } }
`;
const read = parseGatewayFile("gateway.yaml", file, {});

function codesOf(call: Partial<Call>): string[] {
  const { refused, refusals } = explainCall("gateway.yaml", read, {
    method: "POST",
    target: "/orders",
    host: "shop.test",
    headers: [],
    ...call,
  });
  return [...refusals, ...(refused ? [refused] : [])].map(({ status, code }) => `${status} ${code}`);
}

test("there is no refusal of the edge that no call is told of", () => {
  const calls: Partial<Call>[] = [
    {},
    { target: "/tokens" },
    { target: "/keys" },
    { target: "/nothing" },
    { method: "DELETE" },
    { method: "TRACE" },
    { target: "/a//b" },
    { target: `/${"a".repeat(9000)}` },
    { host: "" },
  ];
  const told = new Set(calls.flatMap(codesOf));
  // What the arguments are has no part in status and code.
  const factories = Object.values({ ...edgeProblems, ...messageProblems }) as ((
    ...given: readonly unknown[]
  ) => { status: number; code: string })[];
  const existing = factories.map((factory) => factory([], []));
  expect(existing.map(({ status, code }) => `${status} ${code}`).filter((each) => !told.has(each))).toEqual(
    [],
  );
});
