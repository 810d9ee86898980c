import { describe, expect, test } from "bun:test";
import { containsCardNumber } from "./card-number.ts";

describe("card numbers", () => {
  test.each([
    "4242424242424242",
    "4242 4242 4242 4242",
    "4242-4242-4242-4242",
    "pm_4242424242424242",
    "4222222222222",
    { deep: [{ number: "6759649826438453123" }] },
    { "4242424242424242": true },
    4242424242424242,
    "order 0190a000-0000-7000-8000-000000000002 paid by 4242424242424242",
  ])("%p is one", (value) => {
    expect(containsCardNumber(value)).toBe(true);
  });

  test.each([
    "pm_card_visa",
    "pm_1N4242424242abc",
    "0190a000-0000-7000-8000-000000000002",
    "424242424242",
    999_999_999_999,
    { amount: { amount: 1999, currency: "EUR" } },
    null,
    true,
  ])("%p is none", (value) => {
    expect(containsCardNumber(value)).toBe(false);
  });
});
