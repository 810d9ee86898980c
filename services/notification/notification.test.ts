import { expect, test } from "bun:test";
import { isWanted, preferencesByDefault, render, retryAfterMs } from "./notification.ts";

test("a confirmation is a receipt: it is sent whatever was chosen", () => {
  const nothing = { orderUpdates: false, marketing: false };
  expect(isWanted("order-confirmed", nothing)).toBe(true);
  expect(isWanted("order-cancelled", nothing)).toBe(false);
  expect(isWanted("order-cancelled", preferencesByDefault)).toBe(true);
});

test("waits double up to ten minutes, and end", () => {
  expect([1, 2, 3].map(retryAfterMs)).toEqual([2000, 4000, 8000]);
  expect(retryAfterMs(100)).toBe(600_000);
  expect(retryAfterMs(220)).toBeUndefined();
});

test("each kind has its words", () => {
  const orderId = "0197a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b";
  const total = { amount: 450, currency: "EUR" };
  expect(render({ type: "welcome", content: {} }, "Ada").subject).toContain("Welcome");
  expect(
    render(
      { type: "order-confirmed", content: { orderId, items: [], total, carbon: { kgCO2e: "1" } } },
      "Ada",
    ).text,
  ).toContain(orderId);
  expect(
    render({ type: "order-cancelled", content: { orderId, reason: "payment-declined", total } }, "Ada").text,
  ).toContain("declined");
});
