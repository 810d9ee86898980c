import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { uuidV7 } from "#mesh/uuid-v7";
import { createLog } from "#observability/log";
import { auditStock } from "./audit-stock.ts";
import { editProduct } from "./change-product.ts";
import { confirmHold } from "./confirm-hold.ts";
import { createProduct } from "./create-product.ts";
import { expireHolds } from "./expire-holds.ts";
import { holdForOrder } from "./hold-stock.ts";
import { releaseHold } from "./release-hold.ts";
import { openTestProducts, sampleDraft, type TestProducts } from "./test-products.ts";

const log = createLog({ service: "test", level: "silent" });
let products: TestProducts;
let productId: string;
beforeAll(async () => {
  products = await openTestProducts();
  await products.seed();
});
afterAll(() => products.close());
beforeEach(async () => {
  await products.sql`delete from stock_audit_findings`;
  productId = (await createProduct(products.deps, sampleDraft, 100)) as string;
});

/** All orders so far are long past, or none is. */
const audit = (past: boolean, limit = 2) =>
  auditStock(products.deps, { log, passed: new Date(past ? Date.now() + 1000 : 0), limit });
const findings = async () =>
  (
    await products.sql<{ invariant: string; detail: string }[]>`
      select invariant, detail from stock_audit_findings where product_id = ${productId} order by invariant`
  ).map(({ invariant, detail }) => `${invariant}: ${detail}`);
const hold = async (quantity = 1) => {
  const orderId = uuidV7();
  await holdForOrder(products.deps, orderId, [{ productId, quantity }], 900);
  return orderId;
};
const sell = async (quantity = 1) => {
  const orderId = await hold(quantity);
  await confirmHold(products.deps, orderId);
  return orderId;
};
const audited = async () =>
  (await products.sql`select sold from stock_audited where product_id = ${productId}`)[0]?.sold ?? 0;

test("stock that is delivered, held, sold, given back and lapsed agrees at every step, counted or not yet", async () => {
  for (const past of [false, true]) {
    const [held, sold, later] = [await hold(), await sell(2), await hold(3)];
    expect(await audit(past)).toBe(true);
    await confirmHold(products.deps, held);
    await releaseHold(products.deps, sold);
    expect(await audit(past)).toBe(true);
    await releaseHold(products.deps, held);
    await releaseHold(products.deps, later);
    await sell(4);
    expect(await audit(past)).toBe(true);
    expect(await findings()).toEqual([]);
  }
  expect(await audited()).toBe(8);
  expect(await products.sql`select from stock_audit_restocked`).toHaveLength(0);
});

test("one that was held when it was passed is counted when it is sold, also after it had lapsed", async () => {
  const held = await hold(5);
  await audit(true);
  await products.sql`update reservations set expires_at = now() - interval '1 s' where order_id = ${held}`;
  await expireHolds(products.deps);
  await audit(true);
  await holdForOrder(products.deps, held, [{ productId, quantity: 5 }], 900);
  await audit(true);
  await confirmHold(products.deps, held);
  expect(await audit(true)).toBe(true);
  expect(await audited()).toBe(5);
  await releaseHold(products.deps, held);
  await audit(true);
  expect(await audited()).toBe(0);
  expect(await findings()).toEqual([]);
});

test("deliveries and counts are added up", async () => {
  await editProduct(products.deps, productId, {
    change: {},
    expectedVersion: undefined,
    stock: { delivered: 20 },
  });
  await sell();
  await editProduct(products.deps, productId, {
    change: {},
    expectedVersion: undefined,
    stock: { onHand: 7 },
  });
  await audit(false);
  expect(await findings()).toEqual([]);
  const [row] =
    await products.sql`select sum(pieces)::int as all from deliveries where product_id = ${productId}`;
  expect(row?.all).toBe(8);
});

test.each([false, true])(
  "each disagreement is found, named and counted once; counted before: %p",
  async (past) => {
    await sell(2);
    if (past) await audit(true);
    await products.sql`update stock set sold = sold + 1, on_hand = on_hand - 1 where product_id = ${productId}`;
    await audit(past);
    await audit(past);
    expect(await findings()).toEqual(["sold-is-what-was-reserved: 3 are sold, reservations took 2"]);
    await products.sql`update stock set reserved = reserved + 1, sold = sold - 1 where product_id = ${productId}`;
    await products.sql`update stock set on_hand = on_hand + 9, delivered = delivered + 9 where product_id = ${productId}`;
    await audit(past);
    expect(await findings()).toEqual([
      "reserved-is-what-is-held: 1 are reserved, reservations hold 0",
      "sold-is-what-was-reserved: 3 are sold, reservations took 2",
      "stock-is-what-was-delivered: 106 on hand, 1 reserved and 2 sold are 109, 100 were delivered",
    ]);
    await products.sql`
    update stock set reserved = 0, on_hand = 98, delivered = 100 where product_id = ${productId}`;
  },
);

test("a reservation that was changed past the service is found", async () => {
  const orderId = await sell(2);
  await audit(true);
  await products.sql`update reservations set status = 'released' where order_id = ${await sell(3)}`;
  await audit(true);
  expect(await findings()).toEqual(["sold-is-what-was-reserved: 5 are sold, reservations took 2"]);
  await releaseHold(products.deps, orderId);
});

test("one process audits at a time, and a turn ends after so much", async () => {
  await products.sql`update stock_audit_progress set leased_until = now() + interval '1 minute'`;
  expect(await audit(false)).toBe(false);
  await products.sql`update stock_audit_progress set leased_until = now()`;
  expect(await audit(false)).toBe(true);
  for (let at = 0; at < 21; at += 1) await sell();
  expect(await audit(true, 1)).toBe(false);
  expect(await audit(true, 1)).toBe(true);
});
