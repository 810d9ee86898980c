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

  test("holds, confirms and releases; each answer is as the contract has it", async () => {
    const id = await products.create();
    const path = `/internal/reservations/${randomUUID()}`;
    const body = { items: [{ productId: id, quantity: 2 }], expiresInSeconds: 60 };
    const held = await products.call("PUT", path, { ...as(), body });
    expect(held).toMatchObject({ status: 200, body: { status: "held", expiresAt: expect.any(String) } });
    expect((await products.call("GET", `/api/products/${id}`)).body.stock).toEqual({ available: 5 });
    expect((await products.call("PUT", path, { ...as(), body })).body).toEqual(held.body);
    const confirmed = await products.call("POST", `${path}/confirm`, as());
    expect(confirmed).toMatchObject({ status: 200, body: { status: "confirmed" } });
    const released = await products.call("POST", `${path}/release`, as());
    expect(released).toMatchObject({ status: 200, body: { status: "released" } });
    expect((await products.call("GET", `/api/products/${id}`)).body.stock).toEqual({ available: 7 });
    const late = await products.call("PUT", path, { ...as(), body });
    expect(late).toMatchObject({ status: 409, body: { code: "reservation-released" } });
    const refused = await products.call("POST", `${path}/confirm`, as());
    expect(refused).toMatchObject({ status: 409, body: { code: "reservation-released" } });
  });

  test("learns what is short", async () => {
    const id = await products.create();
    const body = { items: [{ productId: id, quantity: 8 }], expiresInSeconds: 60 };
    const answer = await products.call("PUT", `/internal/reservations/${randomUUID()}`, { ...as(), body });
    expect(answer).toMatchObject({
      status: 409,
      body: { code: "insufficient-stock", items: [{ productId: id, quantity: 8, available: 7 }] },
    });
    const unknown = await products.call("POST", `/internal/reservations/${randomUUID()}/confirm`, as());
    expect(unknown).toMatchObject({ status: 404, body: { code: "reservation-not-found" } });
  });

  test.each([0, -1, 1.5, 10 ** 12, "1"])("is refused a quantity of %p", async (quantity) => {
    const body = { items: [{ productId: randomUUID(), quantity }] };
    const answer = await products.call("PUT", `/internal/reservations/${randomUUID()}`, { ...as(), body });
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer: "/items/0/quantity" }] } });
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
      const body = { items: [{ productId: id, quantity: 3 }] };
      const path = `/internal/reservations/${randomUUID()}`;
      await products.call("PUT", path, { as: products.tokens.orders, body });
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
