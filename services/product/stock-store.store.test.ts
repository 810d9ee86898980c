import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { confirmHold } from "./confirm-hold.ts";
import { createProduct } from "./create-product.ts";
import { deleteProduct } from "./delete-product.ts";
import { expireHolds } from "./expire-holds.ts";
import { holdForOrder } from "./hold-stock.ts";
import { releaseHold } from "./release-hold.ts";
import { openTestProducts, sampleDraft, type TestProducts } from "./test-products.ts";

let products: TestProducts;
beforeAll(async () => {
  products = await openTestProducts();
  await products.seed();
});
afterAll(() => products.close());

async function newProduct(onHand: number): Promise<string> {
  const id = await createProduct(products.deps, sampleDraft, onHand);
  if (typeof id !== "string") throw new Error(`refused: ${id.refused}`);
  return id;
}

const hold = (orderId: string, productId: string, quantity: number, seconds = 900) =>
  holdForOrder(products.deps, orderId, [{ productId, quantity }], seconds);

async function stockOf(id: string) {
  const [row] = await products.sql`
    select on_hand, reserved, sold, delivered from stock where product_id = ${id}`;
  return { ...row };
}

const eventsOf = async (id: string, type: string) =>
  (
    await products.sql<{ payload: string }[]>`
      select payload from outbox where key = ${id} and payload::jsonb ->> 'type' = ${`ecotrack.product.${type}.v1`}
      order by id`
  ).map(({ payload }) => (JSON.parse(payload) as { data: Record<string, unknown> }).data);

describe("holding", () => {
  test("50 orders at once for a stock of 10: exactly 10 win and nothing is oversold", async () => {
    const id = await newProduct(10);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => hold(randomUUID(), id, 1)));
    expect(outcomes.filter((outcome) => !("refused" in outcome))).toHaveLength(10);
    expect(
      outcomes.filter((outcome) => "refused" in outcome && outcome.refused === "insufficient-stock"),
    ).toHaveLength(40);
    expect(await stockOf(id)).toEqual({ on_hand: 0, reserved: 10, sold: 0, delivered: 10 });
  });

  test("the same order 20 times at once holds once", async () => {
    const id = await newProduct(10);
    const orderId = randomUUID();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => hold(orderId, id, 2)));
    const [first] = outcomes;
    if (!first) throw new Error("no outcome");
    expect(first).not.toHaveProperty("refused");
    for (const outcome of outcomes) expect(outcome).toEqual(first);
    expect(await stockOf(id)).toMatchObject({ on_hand: 8, reserved: 2 });
  });

  test("orders that name the same products in opposite orders do not deadlock", async () => {
    const ids = await Promise.all([newProduct(1000), newProduct(1000), newProduct(1000)]);
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const items = ids.map((productId) => ({ productId, quantity: 1 }));
        const shuffled = index % 2 === 0 ? items : items.toReversed();
        const orderId = randomUUID();
        await holdForOrder(products.deps, orderId, shuffled, 900);
        if (index % 3 === 0) return await releaseHold(products.deps, orderId);
        return await confirmHold(products.deps, orderId);
      }),
    );
    expect(outcomes.filter(Boolean)).toEqual([]);
    for (const id of ids) expect(await stockOf(id)).toMatchObject({ on_hand: 960, reserved: 0, sold: 40 });
  });

  test("is all or nothing, and says what is short", async () => {
    const [plenty, few] = [await newProduct(100), await newProduct(1)];
    const items = [
      { productId: plenty, quantity: 5 },
      { productId: few, quantity: 2 },
    ];
    expect(await holdForOrder(products.deps, randomUUID(), items, 900)).toEqual({
      refused: "insufficient-stock",
      short: [{ productId: few, quantity: 2, available: 1 }],
    });
    expect(await stockOf(plenty)).toMatchObject({ on_hand: 100, reserved: 0 });
  });

  test("an order that was short may try again", async () => {
    const id = await newProduct(1);
    const orderId = randomUUID();
    expect(await hold(orderId, id, 2)).toHaveProperty("refused", "insufficient-stock");
    await products.transaction(
      (tx) => tx`update stock set on_hand = 2, delivered = 2 where product_id = ${id}`,
    );
    expect(await hold(orderId, id, 2)).not.toHaveProperty("refused");
  });

  test("the same order with other items is refused", async () => {
    const id = await newProduct(10);
    const orderId = randomUUID();
    await hold(orderId, id, 1);
    expect(await hold(orderId, id, 2)).toEqual({ refused: "reservation-mismatch" });
    expect(await stockOf(id)).toMatchObject({ on_hand: 9, reserved: 1 });
  });

  test("an unknown and a deleted product are short by all", async () => {
    const id = await newProduct(10);
    await deleteProduct(products.deps, id, undefined);
    for (const productId of [id, randomUUID()])
      expect(await hold(randomUUID(), productId, 1)).toEqual({
        refused: "insufficient-stock",
        short: [{ productId, quantity: 1, available: 0 }],
      });
  });
});

describe("confirming", () => {
  test("sells once, however often it is repeated, and says so in one event a product", async () => {
    const id = await newProduct(10);
    const orderId = randomUUID();
    await hold(orderId, id, 3);
    await Promise.all(Array.from({ length: 10 }, () => confirmHold(products.deps, orderId)));
    expect(await stockOf(id)).toEqual({ on_hand: 7, reserved: 0, sold: 3, delivered: 10 });
    expect(await eventsOf(id, "stock-changed")).toEqual([
      { productId: id, onHand: 7, reserved: 0, available: 7, reason: "sold" },
    ]);
    expect(await hold(orderId, id, 3)).not.toHaveProperty("refused");
    expect(await stockOf(id)).toMatchObject({ on_hand: 7, sold: 3 });
  });

  test("an unknown, a released and an expired order is refused", async () => {
    const id = await newProduct(10);
    const [released, overdue, swept] = [randomUUID(), randomUUID(), randomUUID()];
    expect(await confirmHold(products.deps, randomUUID())).toEqual({ refused: "reservation-not-found" });
    await hold(released, id, 1);
    await releaseHold(products.deps, released);
    expect(await confirmHold(products.deps, released)).toEqual({ refused: "reservation-released" });
    await hold(overdue, id, 1, 60);
    await hold(swept, id, 1, 60);
    products.pass(61_000);
    expect(await confirmHold(products.deps, overdue)).toEqual({ refused: "reservation-expired" });
    await expireHolds(products.deps);
    expect(await confirmHold(products.deps, swept)).toEqual({ refused: "reservation-expired" });
    expect(await stockOf(id)).toEqual({ on_hand: 10, reserved: 0, sold: 0, delivered: 10 });
  });
});

describe("expiry", () => {
  test("gives stock back once, however many sweep, and leaves what is not due", async () => {
    const id = await newProduct(10);
    await Promise.all(Array.from({ length: 6 }, () => hold(randomUUID(), id, 1, 10)));
    await hold(randomUUID(), id, 2, 1000);
    products.pass(11_000);
    const swept = await Promise.all(Array.from({ length: 4 }, () => expireHolds(products.deps)));
    expect(swept.reduce((a, b) => a + b)).toBe(6);
    expect(await stockOf(id)).toEqual({ on_hand: 8, reserved: 2, sold: 0, delivered: 10 });
  });

  test("an order whose hold has expired may hold again while there is stock", async () => {
    const id = await newProduct(1);
    const [orderId, rival] = [randomUUID(), randomUUID()];
    await hold(orderId, id, 1, 10);
    products.pass(11_000);
    // Not swept yet: it still has the stock, and keeps it longer.
    expect(await hold(orderId, id, 1, 10)).not.toHaveProperty("refused");
    products.pass(11_000);
    await expireHolds(products.deps);
    expect(await hold(rival, id, 1, 10)).not.toHaveProperty("refused");
    expect(await hold(orderId, id, 1, 10)).toHaveProperty("refused", "insufficient-stock");
    await releaseHold(products.deps, rival);
    expect(await hold(orderId, id, 1, 10)).not.toHaveProperty("refused");
    expect(await confirmHold(products.deps, orderId)).toBeUndefined();
    expect(await stockOf(id)).toEqual({ on_hand: 0, reserved: 0, sold: 1, delivered: 1 });
  });
});

describe("releasing", () => {
  test("gives a hold back once and tells nobody, because nothing was sold", async () => {
    const id = await newProduct(5);
    const orderId = randomUUID();
    await hold(orderId, id, 2);
    await Promise.all(Array.from({ length: 5 }, () => releaseHold(products.deps, orderId)));
    expect(await stockOf(id)).toEqual({ on_hand: 5, reserved: 0, sold: 0, delivered: 5 });
    expect(await eventsOf(id, "stock-changed")).toEqual([]);
  });

  test("restocks what was sold once, with an event", async () => {
    const id = await newProduct(5);
    const orderId = randomUUID();
    await hold(orderId, id, 2);
    await confirmHold(products.deps, orderId);
    await releaseHold(products.deps, orderId);
    await releaseHold(products.deps, orderId);
    expect(await stockOf(id)).toEqual({ on_hand: 5, reserved: 0, sold: 0, delivered: 5 });
    expect((await eventsOf(id, "stock-changed")).map((event) => event.reason)).toEqual(["sold", "returned"]);
  });

  test("an order that never held anything is remembered, so a late hold is refused", async () => {
    const id = await newProduct(5);
    const orderId = randomUUID();
    await releaseHold(products.deps, orderId);
    expect(await hold(orderId, id, 1)).toEqual({ refused: "reservation-released" });
    expect(await stockOf(id)).toMatchObject({ on_hand: 5, reserved: 0 });
  });

  test("racing with the hold of the same order never keeps stock", async () => {
    const id = await newProduct(20);
    const orders = Array.from({ length: 20 }, () => randomUUID());
    await Promise.all(
      orders.flatMap((orderId) => [hold(orderId, id, 1), releaseHold(products.deps, orderId)]),
    );
    expect(await stockOf(id)).toMatchObject({ on_hand: 20, reserved: 0 });
  });
});

test("whatever is done in whatever order, every piece delivered is free, reserved or sold", async () => {
  const step = fc.record({
    act: fc.constantFrom("hold", "confirm", "release", "expire", "deliver"),
    order: fc.nat(4),
    product: fc.nat(1),
    quantity: fc.integer({ min: 1, max: 6 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      const ids = [await newProduct(8), await newProduct(8)];
      const orders = Array.from({ length: 5 }, () => randomUUID());
      await Promise.all(
        steps.map(async ({ act, order, product, quantity }) => {
          const [orderId, productId] = [orders[order] ?? "", ids[product] ?? ""];
          if (act === "hold") await hold(orderId, productId, quantity, 5);
          else if (act === "confirm") await confirmHold(products.deps, orderId);
          else if (act === "release") await releaseHold(products.deps, orderId);
          else if (act === "deliver")
            await products.call("PATCH", `/api/products/${productId}`, {
              as: products.tokens.admin,
              body: { stock: { delivered: quantity } },
            });
          else {
            products.pass(3000);
            await expireHolds(products.deps);
          }
        }),
      );
      for (const id of ids) await expectAddsUp(id);
    }),
    { numRuns: 25 },
  );
}, 60_000);

/** The columns add up by themselves (a CHECK sees to it); what they say must be what the reservations say. */
async function expectAddsUp(id: string): Promise<void> {
  const [sums] = await products.sql`
    select coalesce(sum(q) filter (where status = 'held'), 0)::int as reserved,
      coalesce(sum(q) filter (where status = 'confirmed'), 0)::int as sold
    from reservations r, unnest(r.product_ids, r.quantities) as i (p, q) where p = ${id}`;
  const stock = await stockOf(id);
  expect(stock).toMatchObject({ ...sums });
  expect(Number(stock.on_hand) + Number(stock.reserved) + Number(stock.sold)).toBe(Number(stock.delivered));
}
