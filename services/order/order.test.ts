import { expect, test } from "bun:test";
import { cancellation, draftOrder, type Order, type PricedProduct } from "./order.ts";

const at = new Date("2025-06-01T12:00:00Z");
const shippingAddress = {
  fullName: "Ada",
  line1: "1 Way",
  city: "Berlin",
  postalCode: "10115",
  country: "DE",
};

const product = (id: string, amount: number, kgCO2e = "1.24", currency = "EUR"): PricedProduct => ({
  id,
  name: `Product ${id}`,
  price: { amount, currency },
  carbon: { kgCO2e },
});

const draft = (items: { productId: string; quantity: number }[], products: PricedProduct[]) =>
  draftOrder({ id: "o", userId: "u", items, shippingAddress, paymentMethod: "card", at }, products);

test("an order keeps name, price and carbon as they are now, and adds them up", () => {
  const items = [
    { productId: "b", quantity: 3 },
    { productId: "a", quantity: 1 },
  ];
  expect(draft(items, [product("a", 1999), product("b", 250, "0.105")])).toEqual({
    id: "o",
    userId: "u",
    status: "pending",
    items: [
      {
        productId: "b",
        name: "Product b",
        quantity: 3,
        unitPrice: { amount: 250, currency: "EUR" },
        carbon: { kgCO2e: "0.105" },
      },
      {
        productId: "a",
        name: "Product a",
        quantity: 1,
        unitPrice: { amount: 1999, currency: "EUR" },
        carbon: { kgCO2e: "1.24" },
      },
    ],
    total: { amount: 2749, currency: "EUR" },
    carbon: { kgCO2e: "1.555" },
    shippingAddress,
    paymentMethod: "card",
    createdAt: at,
    updatedAt: at,
  });
});

test("every product that does not exist is named", () => {
  const items = ["x", "a", "y"].map((productId) => ({ productId, quantity: 1 }));
  expect(draft(items, [product("a", 1)])).toEqual({ refused: "product-not-found", positions: [0, 2] });
});

test("one order has one currency", () => {
  const items = ["a", "b"].map((productId) => ({ productId, quantity: 1 }));
  expect(draft(items, [product("a", 1), product("b", 1, "1", "USD")])).toEqual({
    refused: "mixed-currencies",
  });
});

test("a total that cannot be charged at once is refused", () => {
  const refusal = { refused: "total-too-large" } as const;
  const half = product("a", 50_000_000);
  expect(draft([{ productId: "a", quantity: 1 }], [half])).toMatchObject({ total: half.price });
  expect(draft([{ productId: "a", quantity: 2 }], [half])).toEqual(refusal);
  const beyondNumbers = product("a", Number.MAX_SAFE_INTEGER);
  expect(draft([{ productId: "a", quantity: 1000 }], [beyondNumbers])).toEqual(refusal);
});

test("an order can be cancelled once, and until it has left", () => {
  const decisions = (["pending", "confirmed", "shipped", "delivered"] as const).map((status) =>
    cancellation({ status }),
  );
  const left = { refused: "not-cancellable" } as const;
  expect(decisions).toEqual(["begins", "begins", left, left]);
  const cancelled: Pick<Order, "status" | "cancelReason"> = {
    status: "cancelled",
    cancelReason: "payment-declined",
  };
  expect(cancellation(cancelled)).toEqual({ refused: "already-cancelled" });
  expect(cancellation({ ...cancelled, status: "confirmed" })).toBe("under-way");
});
