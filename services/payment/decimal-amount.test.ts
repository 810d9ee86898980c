import { expect, test } from "bun:test";
import { decimalAmount, minorUnits } from "./decimal-amount.ts";

test.each([
  [1999, "EUR", "19.99"],
  [5, "EUR", "0.05"],
  [100, "USD", "1.00"],
  [99_999_999, "GBP", "999999.99"],
  [500, "JPY", "500"],
  [1200, "HUF", "12"],
])("%d minor units of %s are %s, and back", (amount, currency, decimal) => {
  expect(decimalAmount({ amount, currency })).toBe(decimal);
  expect(minorUnits(decimal, currency)).toBe(amount);
});

test("what PayPal cannot take is undefined", () => {
  for (const [amount, currency] of [
    [1250, "HUF"],
    [1000, "KWD"],
    [1.5, "EUR"],
    [-1, "EUR"],
  ] as const) {
    expect(decimalAmount({ amount, currency })).toBeUndefined();
  }
});

test("only decimals are read, exactly", () => {
  expect(minorUnits("-19.99", "EUR")).toBe(-1999);
  expect(minorUnits("19.9", "EUR")).toBe(1990);
  expect(minorUnits("19.990", "EUR")).toBe(1999);
  for (const text of ["19.999", "1e3", "", "19,99", " 1", "0x1", "99999999999999"]) {
    expect(minorUnits(text, "EUR")).toBeUndefined();
  }
  expect(minorUnits("1.5", "JPY")).toBeUndefined();
});
