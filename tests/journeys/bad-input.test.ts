import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { openDatabase } from "#mesh/postgres/open-database";
import { createLog } from "#observability/log";
import {
  address,
  admin,
  buy,
  call,
  newEmail,
  newPerson,
  newProduct,
  type Product,
  password,
  productBody,
  type Sending,
} from "./person.ts";
import { system } from "./system.ts";

const nobody = "0190a5b0-7e1a-7000-8000-000000000000";
let token: string;
let adminToken: string;
let product: Product;
let stranger: string;
let orderId: string;
let paymentId: string;
let before: Record<string, number>;

beforeAll(async () => {
  token = (await newPerson()).accessToken;
  stranger = (await newPerson()).accessToken;
  adminToken = await admin();
  product = await newProduct();
  orderId = (await buy({ token, items: [{ productId: product.id, quantity: 1 }] })).body.id;
  const payments = await call<{ data: { id: string }[] }>("GET", `/api/payments?orderId=${orderId}`, {
    token,
  });
  paymentId = payments.body.data[0]?.id ?? "";
  before = await rows();
});

afterAll(async () => {
  expect(await rows()).toEqual(before);
});

/** How many rows there are of what bad input must never make. A refused refund is remembered under its key, and moves nothing. */
async function rows(): Promise<Record<string, number>> {
  const log = createLog({ service: "test", level: "silent" });
  const counted: [keyof typeof system.databases, string][] = [
    ["user", "users"],
    ["product", "products"],
    ["order", "orders"],
    ["payment", "payments"],
    ["payment", "ledger"],
  ];
  const counts = await Promise.all(
    counted.map(async ([database, table]) => {
      const sql = openDatabase({ url: system.databases[database], max: 1, applicationName: "test", log });
      const [row] = await sql<{ count: number }[]>`select count(*) from ${sql(table)}`;
      await sql.end();
      return [table, row?.count ?? -1] as const;
    }),
  );
  return Object.fromEntries(counts);
}

/** What every refusal has to look like. */
async function refuse(
  method: string,
  path: string,
  sending: Sending,
  status: number,
  code?: string,
): Promise<Record<string, unknown>> {
  const answer = await call(method, path, sending);
  expect({ path, status: answer.status, code: answer.body.code }).toEqual({
    path,
    status,
    code: code ?? answer.body.code,
  });
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  // A copy: the matchers of the expectation are written into what they were compared with.
  expect(structuredClone(answer.body)).toMatchObject({
    type: expect.any(String),
    title: expect.any(String),
    status,
    instance: expect.any(String),
    code: expect.stringMatching(/^[a-z0-9-]+$/),
    traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  expect(JSON.stringify(answer.body)).not.toMatch(/node_modules|\.ts:| {4}at |postgres|ECONN/i);
  return answer.body;
}

const orderOf = (change: object) => ({
  items: [{ productId: product.id, quantity: 1 }],
  shippingAddress: address,
  paymentMethod: { type: "card", token: "pm_card_visa" },
  ...change,
});
const placing = (body: unknown): Sending => ({ token, body, headers: { "idempotency-key": randomUUID() } });
const person = (change: object) => ({
  email: newEmail(),
  password,
  firstName: "Ada",
  lastName: "Lovelace",
  ...change,
});

describe("placing an order", () => {
  for (const quantity of [0, -1, 1.5, 1e12, "1", null]) {
    test(`with a quantity of ${JSON.stringify(quantity)}`, async () => {
      const problem = await refuse(
        "POST",
        "/api/orders",
        placing(orderOf({ items: [{ productId: product.id, quantity }] })),
        422,
        "validation-failed",
      );
      expect(problem.errors).toMatchObject([{ pointer: "/items/0/quantity" }]);
    });
  }
  test("with a price sent by the client", async () => {
    const price = { amount: 1, currency: "EUR" };
    await refuse(
      "POST",
      "/api/orders",
      placing(orderOf({ items: [{ productId: product.id, quantity: 1, price }] })),
      422,
      "validation-failed",
    );
    await refuse("POST", "/api/orders", placing(orderOf({ total: price })), 422, "validation-failed");
  });
  test("of nothing, of too much, of what is not there", async () => {
    await refuse("POST", "/api/orders", placing(orderOf({ items: [] })), 422, "validation-failed");
    await refuse(
      "POST",
      "/api/orders",
      placing(
        orderOf({ items: Array.from({ length: 51 }, () => ({ productId: randomUUID(), quantity: 1 })) }),
      ),
      422,
      "validation-failed",
    );
    await refuse(
      "POST",
      "/api/orders",
      placing(orderOf({ items: [{ productId: nobody, quantity: 1 }] })),
      422,
      "product-not-found",
    );
    await refuse(
      "POST",
      "/api/orders",
      placing(orderOf({ items: [{ productId: "x", quantity: 1 }] })),
      422,
      "validation-failed",
    );
  });
  test("with a card number in a payment field, which is not said back", async () => {
    for (const card of ["4242424242424242", "tok 4242 4242 4242 4242", "4242-4242-4242-4242"]) {
      const body = orderOf({ paymentMethod: { type: "card", token: card } });
      const answer = await call("POST", "/api/orders", placing(body));
      expect(answer.status).toBe(422);
      expect(JSON.stringify(answer.body)).not.toContain("4242");
    }
    await refuse(
      "POST",
      "/api/orders",
      placing(orderOf({ paymentMethod: { type: "card", token: "4242424242424242" } })),
      422,
      "card-number-refused",
    );
  });
  test("with an Idempotency-Key that cannot be one", async () => {
    await refuse("POST", "/api/orders", { token, body: orderOf({}) }, 400, "idempotency-key-missing");
    await refuse(
      "POST",
      "/api/orders",
      { token, body: orderOf({}), headers: { "idempotency-key": "x".repeat(300) } },
      400,
      "idempotency-key-invalid",
    );
  });
  test("to an address that is none", async () => {
    for (const change of [{ country: "XX" }, { city: "" }, { line1: "a\u0000b" }, { planet: "Mars" }]) {
      await refuse(
        "POST",
        "/api/orders",
        placing(orderOf({ shippingAddress: { ...address, ...change } })),
        422,
        "validation-failed",
      );
    }
  });
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

describe("what is not there, and what is somebody else's, look the same", () => {
  test("orders", async () => {
    for (const suffix of ["", "/history", "/details"]) {
      const foreign = await refuse(
        "GET",
        `/api/orders/${orderId}${suffix}`,
        { token: stranger },
        404,
        "order-not-found",
      );
      const unknown = await refuse(
        "GET",
        `/api/orders/${nobody}${suffix}`,
        { token: stranger },
        404,
        "order-not-found",
      );
      expect(foreign.title).toBe(unknown.title as string);
    }
    await refuse("POST", `/api/orders/${orderId}/cancel`, { token: stranger }, 404, "order-not-found");
    expect((await call("GET", `/api/orders/${orderId}`, { token: adminToken })).status).toBe(200);
  });
  test("payments", async () => {
    await refuse("GET", `/api/payments/${paymentId}`, { token: stranger }, 404);
    await refuse("GET", `/api/payments/${nobody}`, { token: stranger }, 404);
    const list = await call<{ data: unknown[] }>("GET", `/api/payments?orderId=${orderId}`, {
      token: stranger,
    });
    expect(list.body.data).toEqual([]);
  });
  test("products and ids that are none", async () => {
    await refuse("GET", `/api/products/${nobody}`, {}, 404);
    await refuse("GET", "/api/products/not-an-id", {}, 422, "validation-failed");
    await refuse("GET", "/api/orders/not-an-id", { token }, 422, "validation-failed");
    await refuse("GET", `/api/products/${encodeURIComponent("' or 1=1 --")}`, {}, 422);
  });
});

describe("lists", () => {
  for (const query of [
    "limit=0",
    "limit=101",
    "limit=ten",
    "cursor=nonsense",
    "minScore=101",
    "maxPrice=-1",
    "sort=colour",
    "colour=green",
    "limit=1&limit=2",
  ]) {
    test(`GET /api/products?${query} is refused`, async () => {
      await refuse("GET", `/api/products?${query}`, {}, 422, "validation-failed");
    });
  }
  for (const path of ["/api/orders", "/api/payments", "/api/notifications"]) {
    test(`GET ${path} refuses what it does not know`, async () => {
      for (const query of ["limit=0", "cursor=nonsense", "colour=green"])
        await refuse("GET", `${path}?${query}`, { token }, 422, "validation-failed");
    });
  }
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
