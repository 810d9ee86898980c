import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { eventually } from "#mesh/eventually";
import { openTestProducts, type TestProducts } from "./test-products.ts";

let products: TestProducts;
beforeAll(async () => {
  products = await openTestProducts();
  await products.seed();
});
afterAll(() => products.close());

describe("order-service", () => {
  const as = () => ({ as: products.tokens.orders });

  test("gets prices, without what is not for sale", async () => {
    const [id, gone] = [await products.create(), await products.create()];
    await products.call("DELETE", `/api/products/${gone}`, { as: products.tokens.admin });
    const body = { productIds: [id, gone, randomUUID(), id] };
    const { status, body: prices } = await products.call("POST", "/internal/prices", { ...as(), body });
    expect(status).toBe(200);
    expect(prices).toEqual({
      products: [
        {
          id,
          name: "Willow basket",
          price: { amount: 2490, currency: "EUR" },
          carbon: { kgCO2e: "0.304" },
          available: 7,
        },
      ],
    });
  });

  type Outcome = {
    orderId: string;
    status?: string;
    expiresAt?: string;
    refused?: string;
    items?: object[];
  };
  const hold = async (...holds: readonly object[]): Promise<Outcome[]> =>
    (await products.call("PUT", "/internal/reservations", { ...as(), body: { holds } })).body.outcomes;
  const confirm = async (...orderIds: readonly string[]): Promise<Outcome[]> =>
    (await products.call("POST", "/internal/reservations/confirm", { ...as(), body: { orderIds } })).body
      .outcomes;

  test("holds, confirms and releases; each answer is as the contract has it", async () => {
    const id = await products.create();
    const [orderId, other] = [randomUUID(), randomUUID()];
    const holdOf = (order: string, quantity: number) => ({
      orderId: order,
      items: [{ productId: id, quantity }],
      expiresInSeconds: 60,
    });
    const held = await hold(holdOf(orderId, 2), holdOf(other, 1));
    const expiresAt = expect.any(String);
    expect(held).toEqual([
      { orderId, status: "held", expiresAt },
      { orderId: other, status: "held", expiresAt },
    ]);
    expect((await products.call("GET", `/api/products/${id}`)).body.stock).toEqual({ available: 4 });
    expect(await hold(holdOf(orderId, 2), holdOf(other, 1))).toEqual(held);
    expect(await confirm(orderId, other)).toEqual([
      { orderId, status: "confirmed" },
      { orderId: other, status: "confirmed" },
    ]);
    const released = await products.call("POST", `/internal/reservations/${orderId}/release`, as());
    expect(released).toMatchObject({ status: 200, body: { status: "released" } });
    expect((await products.call("GET", `/api/products/${id}`)).body.stock).toEqual({ available: 6 });
    expect(await hold(holdOf(orderId, 2))).toEqual([{ orderId, refused: "reservation-released" }]);
    expect(await confirm(orderId, other)).toEqual([
      { orderId, refused: "reservation-released" },
      { orderId: other, status: "confirmed" },
    ]);
  });

  test("of several orders each has its own outcome, also the same one twice", async () => {
    const id = await products.create();
    // Of what comes together, the order with the lower id comes first: it was placed before the other.
    const [a = "", b = ""] = [randomUUID(), randomUUID()].toSorted();
    const holdOf = (orderId: string, quantity: number) => ({ orderId, items: [{ productId: id, quantity }] });
    const outcomes = await hold(holdOf(a, 5), holdOf(b, 3), holdOf(a, 4));
    const said = outcomes.map(({ status, refused }) => status ?? refused);
    expect(said).toEqual(["held", "insufficient-stock", "reservation-mismatch"]);
  });

  test("learns what is short", async () => {
    const id = await products.create();
    const orderId = randomUUID();
    const items = [{ productId: id, quantity: 8, available: 7 }];
    expect(await hold({ orderId, items: [{ productId: id, quantity: 8 }] })).toEqual([
      { orderId, refused: "insufficient-stock", items },
    ]);
    expect(await confirm(orderId)).toEqual([{ orderId, refused: "reservation-not-found" }]);
  });

  test.each([0, -1, 1.5, 10 ** 12, "1"])("is refused a quantity of %p", async (quantity) => {
    const body = { holds: [{ orderId: randomUUID(), items: [{ productId: randomUUID(), quantity }] }] };
    const answer = await products.call("PUT", "/internal/reservations", { ...as(), body });
    expect(answer).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: "/holds/0/items/0/quantity" }] },
    });
  });

  test("is the only one who may", async () => {
    const body = { productIds: [randomUUID()] };
    for (const token of [products.tokens.admin, products.tokens.otherService]) {
      expect((await products.call("POST", "/internal/prices", { as: token, body })).status).toBe(403);
    }
    expect((await products.call("POST", "/internal/prices", { body })).status).toBe(401);
  });
});

describe("the caches", () => {
  test("of another process follow a change within a second, and prices with them", async () => {
    const other = products.open();
    try {
      const id = await products.create({ name: "Shared thing" });
      const seen = () => other.deps.catalogue.products([id]);
      expect((await seen())[0]?.product.price.amount).toBe(2490);
      const body = { price: { amount: 990, currency: "EUR" } };
      await products.call("PATCH", `/api/products/${id}`, { as: products.tokens.admin, body });
      products.pass(1000);
      expect((await seen())[0]?.product.price.amount).toBe(990);
      await products.call("DELETE", `/api/products/${id}`, { as: products.tokens.admin });
      products.pass(1000);
      expect(await seen()).toEqual([]);
    } finally {
      await other.close();
    }
  });

  test("show stock of another process at most two seconds late", async () => {
    const other = products.open();
    try {
      const id = await products.create();
      expect((await other.deps.catalogue.products([id]))[0]?.available).toBe(7);
      const body = { holds: [{ orderId: randomUUID(), items: [{ productId: id, quantity: 3 }] }] };
      await products.call("PUT", "/internal/reservations", { as: products.tokens.orders, body });
      products.pass(2000);
      expect((await other.deps.catalogue.products([id]))[0]?.available).toBe(4);
    } finally {
      await other.close();
    }
  });

  test("answer a fresh process from Redis, and everybody without Redis", async () => {
    const id = await products.create();
    await products.call("GET", `/api/products/${id}`);
    const found = async () => {
      const text = await products.metrics.text();
      return Number(
        /product_cache_lookups_total\{kind="product",level="redis"[^}]*\} (\d+)/.exec(text)?.[1] ?? 0,
      );
    };
    const before = await found();
    const hits = await eventually(async () => {
      const fresh = products.open();
      await fresh.deps.catalogue.products([id]);
      await fresh.close();
      const after = await found();
      return after > before ? after : undefined;
    });
    expect(hits).toBeGreaterThan(before);
    const away = await openTestProducts({ redisUrl: "redis://127.0.0.1:1" });
    try {
      await away.seed();
      const { status, body } = await away.call("GET", "/api/products?query=bottle&limit=3");
      expect(status).toBe(200);
      expect(body.data).toHaveLength(3);
    } finally {
      await away.close();
    }
  });
});
