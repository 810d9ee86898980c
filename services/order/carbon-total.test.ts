import { expect, test } from "bun:test";
import fc from "fast-check";
import { carbonTotal } from "./carbon-total.ts";

test("carbon adds up exactly, at the finest place that occurs", () => {
  expect(
    carbonTotal([
      { kgCO2e: "0.1", quantity: 1 },
      { kgCO2e: "0.2", quantity: 1 },
    ]),
  ).toBe("0.3");
  expect(
    carbonTotal([
      { kgCO2e: "1.24", quantity: 3 },
      { kgCO2e: "7", quantity: 2 },
    ]),
  ).toBe("17.72");
  expect(carbonTotal([{ kgCO2e: "-0.05", quantity: 1 }])).toBe("-0.05");
  expect(carbonTotal([])).toBe("0");
});

test("carbon that is no decimal number is an error", () => {
  for (const kgCO2e of ["", "1e3", "NaN", "1.", ".5", "1,5"]) {
    expect(() => carbonTotal([{ kgCO2e, quantity: 1 }])).toThrow(RangeError);
  }
});

test("carbon agrees with counting in grams, far beyond what a float holds", () => {
  const line = fc.record({
    grams: fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }),
    quantity: fc.integer({ min: 1, max: 1000 }),
  });
  fc.assert(
    fc.property(fc.array(line, { maxLength: 50 }), (lines) => {
      const total = carbonTotal(lines.map(({ grams, quantity }) => ({ kgCO2e: kilograms(grams), quantity })));
      const expected = lines.reduce((sum, { grams, quantity }) => sum + grams * BigInt(quantity), 0n);
      expect(total).toBe(lines.length > 0 ? kilograms(expected) : "0");
    }),
  );
});

function kilograms(grams: bigint): string {
  const digits = String(grams < 0n ? -grams : grams).padStart(4, "0");
  return `${grams < 0n ? "-" : ""}${digits.slice(0, -3)}.${digits.slice(-3)}`;
}
