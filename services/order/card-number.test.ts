import { expect, test } from "bun:test";
import { carriesCardNumber } from "./card-number.ts";

test("a card number is found in any payment field, however it is written", () => {
  for (const body of [
    { paymentMethod: { type: "card", token: "4242424242424242" } },
    { paymentMethod: { type: "card", token: "pm_4242 4242 4242 4242" } },
    { paymentMethod: { type: "card", number: 4242424242424242 } },
    { paymentMethod: { type: "card", details: { pan: ["4000-0566-5566-5556"] } } },
    { paymentMethod: "4222222222222" },
    { card: { number: "6304000000000000000" } },
    { paymentMethod: { 4242424242424242: true } },
  ]) {
    expect(carriesCardNumber(body)).toBe(true);
  }
});

test("ordinary orders carry none", () => {
  for (const body of [
    {
      items: [{ productId: "01890000-1234-7123-8123-123456789012", quantity: 1000 }],
      shippingAddress: { postalCode: "1234567890123" },
      paymentMethod: { type: "card", token: "pm_card_visa" },
    },
    { paymentMethod: { type: "card", token: "pm_1NhcT2LkdIwHu7ixbmT8KlW5" } },
    { paymentMethod: { type: "card", token: "123456789012" } },
    undefined,
    null,
    [],
    "4242424242424242",
  ]) {
    expect(carriesCardNumber(body)).toBe(false);
  }
});
