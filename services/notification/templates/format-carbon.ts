const kilograms = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const small = new Intl.NumberFormat("en", { maximumSignificantDigits: 2 });

/** `"12.3456"` kg CO2e as decimal text → `12.35 kg CO2e`; below 0.1 kg two significant digits, so that little is not nothing. */
export function formatCarbon({ kgCO2e }: { readonly kgCO2e: string }): string {
  if (!/^-?\d+(\.\d+)?$/.test(kgCO2e)) throw new RangeError(`${JSON.stringify(kgCO2e)} is no decimal number`);
  const format = Math.abs(Number(kgCO2e)) < 0.1 ? small : kilograms;
  return `${format.format(kgCO2e as Intl.StringNumericLiteral)} kg CO2e`;
}
