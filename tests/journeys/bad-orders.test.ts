import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { address, call, type Product, type Sending } from "./person.ts";
import { refuse } from "./refuse.ts";
import { countRows, nobody, openScene } from "./scene.ts";

let token: string;
let stranger: string;
let adminToken: string;
let product: Product;
let orderId: string;
let paymentId: string;
let before: Record<string, number>;

beforeAll(async () => {
  ({ token, stranger, adminToken, product, orderId, paymentId } = await openScene());
  before = await countRows();
});

afterAll(async () => {
  expect(await countRows()).toEqual(before);
});

const orderOf = (change: object) => ({
  items: [{ productId: product.id, quantity: 1 }],
  shippingAddress: address,
  paymentMethod: { type: "card", token: "pm_card_visa" },
  ...change,
});
const placing = (body: unknown): Sending => ({ token, body, headers: { "idempotency-key": randomUUID() } });
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
