import { expect, test } from "bun:test";
import { verifiedToken } from "#mesh/identity/check-claims";
import { compileIssuer } from "#mesh/identity/issuer";
import type { Route } from "../routes.ts";
import { testExchange } from "../testing/test-exchange.ts";
import { authorise } from "./authorise.ts";

const route = {
  auth: { anonymous: false, roles: [], scopes: ["orders:read"], accept: ["token"], issuers: [] },
} as unknown as Route;

/** What is said to the holder of a token with these scopes, of an issuer with this rule. */
function statusFor(scope: string | undefined, withoutScope: "all" | "none" | undefined): number | undefined {
  const issuer = compileIssuer({ name: "shop", keys: { keys: [] }, audience: "shop", withoutScope });
  const exchange = testExchange();
  const claims = { sub: "u", exp: 1, ...(scope !== undefined && { scope }) };
  exchange.caller = verifiedToken(issuer, { keyId: "k", claims } as Parameters<typeof verifiedToken>[1]);
  return authorise(exchange, route)?.status;
}

test("a token without scopes reaches what takes one only where its issuer signs people in so", () => {
  expect(statusFor(undefined, "all")).toBeUndefined();
  expect(statusFor("", "all")).toBeUndefined();
  expect(statusFor(undefined, "none")).toBe(403);
  expect(statusFor(undefined, undefined)).toBe(403);
});

test("one with scopes reaches what they say and no more, whatever its issuer", () => {
  expect(statusFor("orders:read profile", "none")).toBeUndefined();
  expect(statusFor("profile", "all")).toBe(403);
});
