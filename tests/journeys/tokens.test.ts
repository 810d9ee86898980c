import { beforeAll, describe, expect, test } from "bun:test";
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, SignJWT } from "jose";
import { call, newPerson } from "./person.ts";
import { system } from "./system.ts";

let good: string;
let refused: Record<string, string>;

beforeAll(async () => {
  good = (await newPerson()).accessToken;
  const claims = decodeJwt(good);
  const { kid } = decodeProtectedHeader(good);
  const pair = await generateKeyPair("ES256", { extractable: true });
  const stranger = pair.privateKey;
  const sign = (payload: Record<string, unknown>, header: Record<string, unknown> = {}) =>
    new SignJWT(payload)
      .setProtectedHeader({ alg: "ES256", kid: kid ?? "", typ: "at+jwt", ...header })
      .sign(stranger);
  const [head = "", body = "", signature = ""] = good.split(".");
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const { keys } = (await call<{ keys: [object] }>("GET", "/.well-known/jwks.json")).body;
  refused = {
    "no token at all": "",
    "unsigned (alg: none)": `${encode({ alg: "none", typ: "at+jwt" })}.${body}.`,
    "unsigned, claiming ES256": `${head}.${body}.`,
    "signed with the public key as a secret": await new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256", kid: kid ?? "" })
      .sign(new TextEncoder().encode(JSON.stringify(keys[0]))),
    "signed by a stranger": await sign(claims),
    "with the stranger's key inside": await sign(claims, { jwk: await exportJWK(pair.publicKey) }),
    "pointing at the stranger's keys": await sign(claims, { jku: "https://evil.test/jwks.json" }),
    "with another payload": `${head}.${encode({ ...claims, roles: ["admin"] })}.${signature}`,
    expired: await sign({ ...claims, exp: 1 }),
    "for another audience": await sign({ ...claims, aud: "elsewhere" }),
    "too long": "a".repeat(9000),
  };
});

for (const name of [
  "no token at all",
  "unsigned (alg: none)",
  "unsigned, claiming ES256",
  "signed with the public key as a secret",
  "signed by a stranger",
  "with the stranger's key inside",
  "pointing at the stranger's keys",
  "with another payload",
  "expired",
  "for another audience",
]) {
  describe(`a token ${name}`, () => {
    test("is refused at the gateway", async () => {
      const answer = await call("GET", "/api/orders", { token: refused[name] });
      expect(answer).toMatchObject({ status: 401, body: { code: "unauthorized" } });
      expect(answer.headers.get("www-authenticate")).toStartWith("Bearer");
    });
    test("is refused by each service by itself", async () => {
      const { user, order, payment, notification } = system.services;
      const asked: [string, string][] = [
        [user, "/api/users/me"],
        [order, "/api/orders"],
        [payment, "/api/payments"],
        [notification, "/api/notifications"],
      ];
      for (const [base, path] of asked)
        expect((await call("GET", path, { token: refused[name], base })).status).toBe(401);
    });
  });
}

test("a token that is too long is refused before anybody looks into it", async () => {
  expect([400, 401, 431]).toContain(
    (await call("GET", "/api/orders", { token: refused["too long"] })).status,
  );
});

test("a good token does not open what is for admins or for services", async () => {
  expect((await call("POST", "/api/products", { token: good, body: {} })).status).toBe(403);
  const orderId = "0190a5b0-7e1a-7000-8000-000000000000";
  const body = { holds: [] };
  expect(
    (
      await call("PUT", "/internal/reservations", {
        token: good,
        body,
        base: system.services.product,
      })
    ).status,
  ).toBe(403);
  expect(
    (await call("PUT", `/internal/payments/${orderId}`, { token: good, body, base: system.services.payment }))
      .status,
  ).toBe(403);
});

test("headers that pretend to be an identity change nothing", async () => {
  const headers = { "x-user-id": "someone", "x-user-roles": "admin", "x-forwarded-user": "admin" };
  expect((await call("GET", "/api/orders", { headers })).status).toBe(401);
  expect((await call("POST", "/api/products", { token: good, headers, body: {} })).status).toBe(403);
});
