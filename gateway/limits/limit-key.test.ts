import { expect, test } from "bun:test";
import type { VerifiedToken } from "#mesh/identity/verified-token";
import type { KeyPart } from "./limit.ts";
import { limitKey } from "./limit-key.ts";
import { flowLimit } from "./testing/flow-limit.ts";

const caller: VerifiedToken = {
  subject: "anna",
  issuer: "https://issuer.test",
  issuerName: "main",
  sessionId: "session",
  roles: [],
  scope: "",
  scopes: [],
  allScopes: false,
  tier: "pro",
  clientId: "key-7",
  keyId: "",
  issuedAt: 0,
  expiresAt: 0,
  headers: [],
};
const route = { template: "/api/orders/{id}", host: "", methods: ["GET", "HEAD"] };
const keyOf = (by: KeyPart[], of: { caller?: VerifiedToken; byApiKey?: boolean } = {}) =>
  limitKey(
    { ...flowLimit(1, 1, 1), by },
    { caller: of.caller, byApiKey: of.byApiKey ?? false, address: "2001:db8::1" },
    route,
  );

test("a caller is the user where one is known, else the address", () => {
  expect(keyOf(["caller"], { caller })).toBe("test:u:main/anna");
  expect(keyOf(["caller"])).toBe("test:a:2001:db8:0:0");
  expect(keyOf(["address"], { caller })).toBe("test:a:2001:db8:0:0");
});

test("parts go together in any combination", () => {
  expect(keyOf(["user", "route"], { caller })).toBe("test:u:main/anna:r:GET /api/orders/{id}");
  expect(keyOf(["tier", "address"], { caller })).toBe("test:t:pro:a:2001:db8:0:0");
  expect(keyOf(["tier"])).toBe("test:t:");
});

test("a limit by what the request does not have does not apply to it", () => {
  expect(keyOf(["user", "route"])).toBe("");
  expect(keyOf(["api-key"], { caller })).toBe("");
  expect(keyOf(["api-key"], { caller, byApiKey: true })).toBe("test:k:key-7");
});

test("users of two issuers are not one, whatever they are called", () => {
  const other = { ...caller, issuerName: "partner" };
  expect(keyOf(["user"], { caller: other })).not.toBe(keyOf(["user"], { caller }));
});
