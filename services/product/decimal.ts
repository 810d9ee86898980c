/**
 * Exact decimals for carbon and mass: a bigint counting billionths (1e-9). Binary floats cannot hold
 * 0.1 kg, and a footprint that changes in the ninth place between two machines cannot be audited.
 */
export type Decimal = bigint;

const one: Decimal = 1_000_000_000n;
const places = 9;

/** "12.345" → Decimal. Throws on anything that is not a plain decimal with at most nine places. */
export function decimal(text: string): Decimal {
  const match = /^(-?)(\d+)(?:\.(\d{1,9}))?$/.exec(text);
  if (match === null) throw new Error(`Not a decimal with at most ${places} places: "${text}"`);
  const [, sign, whole = "0", fraction = ""] = match;
  const units = BigInt(whole) * one + BigInt(fraction.padEnd(places, "0"));
  return sign === "-" ? -units : units;
}

/** Product of two decimals, rounded half away from zero at the ninth place. */
export const times = (a: Decimal, b: Decimal): Decimal => roundedQuotient(a * b, one);

/** Quotient of two decimals, rounded half away from zero at the ninth place. Throws on division by zero. */
export const over = (a: Decimal, b: Decimal): Decimal => roundedQuotient(a * one, b);

export const sum = (values: Iterable<Decimal>): Decimal => {
  let total = 0n;
  for (const value of values) total += value;
  return total;
};

/** Fixed number of places, for example `fixed(decimal("1.2345"), 2)` → "1.23". */
export function fixed(value: Decimal, digits: number): string {
  const rounded = roundedQuotient(value, 10n ** BigInt(places - digits));
  const text = (rounded < 0n ? -rounded : rounded).toString().padStart(digits + 1, "0");
  const sign = rounded < 0n ? "-" : "";
  return digits === 0 ? sign + text : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/** For ratios and scores, where a float is good enough. Never for carbon or money that is stored. */
export const approximately = (value: Decimal): number => Number(value) / Number(one);

function roundedQuotient(dividend: bigint, divisor: bigint): bigint {
  const negative = dividend < 0n !== divisor < 0n;
  const n = dividend < 0n ? -dividend : dividend;
  const d = divisor < 0n ? -divisor : divisor;
  const quotient = (n + d / 2n) / d;
  return negative ? -quotient : quotient;
}
