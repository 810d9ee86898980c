import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { newEmail, type Product, password, productBody, type Sending } from "./person.ts";
import { refuse } from "./refuse.ts";
import { countRows, nobody, openScene } from "./scene.ts";

let token: string;
let adminToken: string;
let product: Product;
let paymentId: string;
let before: Record<string, number>;

beforeAll(async () => {
  ({ token, adminToken, product, paymentId } = await openScene());
  before = await countRows();
});

afterAll(async () => {
  expect(await countRows()).toEqual(before);
});

const person = (change: object) => ({
  email: newEmail(),
  password,
  firstName: "Ada",
  lastName: "Lovelace",
  ...change,
});

describe("bodies", () => {
  const targets: [string, string, () => string | undefined][] = [
    ["POST", "/api/auth/register", () => undefined],
    ["POST", "/api/auth/login", () => undefined],
    ["POST", "/api/auth/refresh", () => undefined],
    ["PATCH", "/api/users/me", () => token],
    ["POST", "/api/products", () => adminToken],
    ["POST", "/api/orders", () => token],
    ["PUT", "/api/notifications/preferences", () => token],
  ];
  for (const [method, path, who] of targets) {
    const sending = (body: unknown, type = "application/json"): Sending => ({
      token: who(),
      body,
      headers: { "content-type": type, "idempotency-key": randomUUID() },
    });
    test(`${method} ${path} refuses what is no JSON`, async () => {
      await refuse(method, path, sending('{"a":'), 400, "malformed-request");
      await refuse(method, path, sending("[".repeat(50_000) + "]".repeat(50_000)), 400, "malformed-request");
      await refuse(
        method,
        path,
        sending(new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])),
        400,
        "malformed-request",
      );
      await refuse(
        method,
        path,
        sending("a=1", "application/x-www-form-urlencoded"),
        415,
        "unsupported-media-type",
      );
    });
    test(`${method} ${path} refuses other types and unknown fields`, async () => {
      await refuse(method, path, sending("[]"), 422, "validation-failed");
      for (const text of ["\\u0000", "\\ud800"]) {
        const problem = await refuse(method, path, sending(`{"a":"${text}"}`), 422, "validation-failed");
        expect(problem.detail).toBe("/a: holds U+0000 or half of a surrogate pair");
      }
      await refuse(method, path, sending('"text"'), 422, "validation-failed");
      await refuse(method, path, sending('{"isAdmin":true}'), 422, "validation-failed");
      await refuse(method, path, sending('{"__proto__":{"isAdmin":true}}'), 422, "validation-failed");
    });
    test(`${method} ${path} refuses a body that is too large`, async () => {
      await refuse(method, path, sending(`{"a":"${"x".repeat(300_000)}"}`), 413, "body-too-large");
    });
  }
  test("a payment refund and a webhook too", async () => {
    const refund = (amount: unknown, change: object = {}): Sending => ({
      token: adminToken,
      body: { amount: { amount, currency: "EUR" }, reason: "damaged" },
      headers: { "idempotency-key": randomUUID() },
      ...change,
    });
    const path = `/api/payments/${paymentId}/refunds`;
    for (const amount of [0, -1, 1.5, "1", 1e12, null]) {
      await refuse("POST", path, refund(amount), 422);
    }
    const body = { amount: { amount: 1, currency: "EUR" }, reason: "damaged", to: "me" };
    await refuse("POST", path, refund(1, { body }), 422, "validation-failed");
    await refuse("POST", path, refund(99_999_999), 422, "refund-above-captured");
    await refuse("POST", path, refund(1, { headers: {} }), 400, "idempotency-key-missing");
    await refuse("POST", path, refund(1, { token }), 403, "forbidden");
    await refuse("POST", `/api/payments/${nobody}/refunds`, refund(1), 404);
    await refuse("POST", "/webhooks/stripe", { body: { id: "evt_1" } }, 400, "signature-invalid");
    await refuse(
      "POST",
      "/webhooks/stripe",
      { body: { id: "evt_1" }, headers: { "stripe-signature": "t=1,v1=00" } },
      400,
      "signature-invalid",
    );
  });
});

describe("registering", () => {
  const cases: [string, object][] = [
    ["an email that is none", { email: "ada" }],
    ["an empty name", { firstName: " " }],
    ["a short password", { password: "short" }],
    ["a role", { roles: ["admin"] }],
    ["a number as a name", { firstName: 7 }],
  ];
  for (const [what, change] of cases) {
    test(`with ${what}`, async () => {
      await refuse("POST", "/api/auth/register", { body: person(change) }, 422, "validation-failed");
    });
  }
  test("a refresh token that nobody gave out", async () => {
    await refuse("POST", "/api/auth/refresh", { body: { refreshToken: "nonsense" } }, 401);
  });
});

describe("an admin's product", () => {
  test("is refused when a part of it is wrong", async () => {
    const good = productBody({ onHand: 1, price: 100 });
    const wrong: object[] = [
      { price: { amount: -1, currency: "EUR" } },
      { price: { amount: 1.5, currency: "EUR" } },
      { price: { amount: 1, currency: "euro" } },
      { category: "no-such-thing" },
      { name: "" },
      { stock: { onHand: -1 } },
      { sustainabilityScore: 100 },
    ];
    for (const change of wrong)
      await refuse("POST", "/api/products", { token: adminToken, body: { ...good, ...change } }, 422);
    await refuse("POST", "/api/products", { token, body: good }, 403, "forbidden");
    await refuse(
      "PATCH",
      `/api/products/${product.id}`,
      { token: adminToken, body: { price: { amount: 0, currency: "EUR" } } },
      422,
    );
    await refuse("DELETE", `/api/products/${nobody}`, { token: adminToken }, 404);
  });
});
