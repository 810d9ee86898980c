/** A number in decimal notation, as PostgreSQL's `numeric` prints it. */
const decimal = /^(-?)(\d+)(?:\.(\d+))?$/;

/**
 * Adds up carbon in kg CO2e: each line is `quantity` times a decimal string.
 * Exact at any size, because it counts in integers of the smallest place that occurs; nothing is ever a float.
 * @throws RangeError for text that is no decimal number
 */
export function carbonTotal(
  lines: readonly { readonly kgCO2e: string; readonly quantity: number }[],
): string {
  const parsed = lines.map(({ kgCO2e, quantity }) => {
    const match = decimal.exec(kgCO2e);
    if (!match) throw new RangeError(`Carbon is ${JSON.stringify(kgCO2e)}, expected a decimal number`);
    const [, sign = "", whole = "", fraction = ""] = match;
    return { sign, whole, fraction, quantity };
  });
  const places = Math.max(0, ...parsed.map(({ fraction }) => fraction.length));
  let sum = 0n;
  for (const { sign, whole, fraction, quantity } of parsed) {
    const units = BigInt(whole + fraction.padEnd(places, "0")) * BigInt(quantity);
    sum += sign === "-" ? -units : units;
  }
  return printDecimal(sum, places);
}

function printDecimal(units: bigint, places: number): string {
  const sign = units < 0n ? "-" : "";
  const digits = (units < 0n ? -units : units).toString().padStart(places + 1, "0");
  if (places === 0) return sign + digits;
  return `${sign}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}
