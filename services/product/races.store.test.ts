import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { meetAtLock } from "#mesh/postgres/interleaving";
import { confirmHold } from "./confirm-hold.ts";
import { createProduct } from "./create-product.ts";
import { holdForOrder } from "./hold-stock.ts";
import { releaseHold } from "./release-hold.ts";
import { openTestProducts, sampleDraft, type TestProducts } from "./test-products.ts";

let products: TestProducts;
beforeAll(async () => {
  products = await openTestProducts();
  await products.seed();
});
afterAll(() => products.close());

async function heldOrder() {
  const productId = (await createProduct(products.deps, sampleDraft, 10)) as string;
  const orderId = randomUUID();
  const items = [{ productId, quantity: 4 }];
  await holdForOrder(products.deps, orderId, items, 900);
  const hold = () => holdForOrder(products.deps, orderId, items, 900);
  const confirm = () => confirmHold(products.deps, orderId);
  const release = () => releaseHold(products.deps, orderId);
  const meet = <T extends readonly (() => Promise<unknown>)[]>(...acts: T) =>
    meetAtLock(
      products.sql,
      (tx) => tx`select from reservations where order_id = ${orderId} for update`,
      acts,
    );
  const stock = async () => {
    const [row] = await products.sql`
      select on_hand, reserved, sold from stock where product_id = ${productId}`;
    return { ...row };
  };
  return { productId, orderId, hold, confirm, release, meet, stock };
}

const allBack = { on_hand: 10, reserved: 0, sold: 0 };

test("confirmed, then released: what was sold goes back", async () => {
  const { meet, confirm, release, stock } = await heldOrder();
  const [outcome] = await meet(confirm, release);
  expect(outcome).toBeUndefined();
  expect(await stock()).toEqual(allBack);
});

test("released, then confirmed: nothing is sold", async () => {
  const { meet, confirm, release, stock } = await heldOrder();
  const [, outcome] = await meet(release, confirm);
  expect(outcome).toEqual({ refused: "reservation-released" });
  expect(await stock()).toEqual(allBack);
});

test("released, then held again: the late hold is refused", async () => {
  const { meet, hold, release, stock } = await heldOrder();
  const [, outcome] = await meet(release, hold);
  expect(outcome).toEqual({ refused: "reservation-released" });
  expect(await stock()).toEqual(allBack);
});

test("held again, then confirmed: sold once", async () => {
  const { meet, hold, confirm, stock } = await heldOrder();
  const [held, sold] = await meet(hold, confirm);
  expect(held).not.toHaveProperty("refused");
  expect(sold).toBeUndefined();
  expect(await stock()).toEqual({ on_hand: 6, reserved: 0, sold: 4 });
});

test("stock that somebody holds is waited for as long as callers wait", async () => {
  const { productId } = await heldOrder();
  await products.sql.begin(async (holder) => {
    await holder`select from stock where product_id = ${productId} for update`;
    const held = holdForOrder(products.deps, randomUUID(), [{ productId, quantity: 1 }], 900);
    const code = held.then(
      () => "it has it",
      (error: { code?: string }) => error.code,
    );
    // 57014 is the limit of any statement, which is longer.
    expect(await code).toBe("55P03");
  });
});

test("orders that meet at one product's stock get what is there, and no more", async () => {
  const { productId, stock } = await heldOrder();
  const hold = (quantity: number) => () =>
    holdForOrder(products.deps, randomUUID(), [{ productId, quantity }], 900);
  const outcomes = await meetAtLock(
    products.sql,
    (tx) => tx`select from stock where product_id = ${productId} for update`,
    [hold(4), hold(4), hold(2)],
  );
  expect(outcomes.map((outcome) => "refused" in outcome)).toEqual([false, true, false]);
  expect(await stock()).toEqual({ on_hand: 0, reserved: 10, sold: 0 });
});
