import type { Money } from "#mesh/money";

interface CurrencyFormat {
  readonly digits: number;
  readonly format: Intl.NumberFormat;
}

const formats = new Map<string, CurrencyFormat>();

/** `{ amount: 123450, currency: "EUR" }` → `€1,234.50`. Minor units as ISO 4217 has them: yen have none, dinars three. */
export function formatMoney({ amount, currency }: Money): string {
  const { digits, format } = formatOf(currency);
  return format.format(decimal(amount, digits));
}

function formatOf(currency: string): CurrencyFormat {
  const known = formats.get(currency);
  if (known) return known;
  const format = new Intl.NumberFormat("en", { style: "currency", currency });
  const made = { digits: format.resolvedOptions().maximumFractionDigits ?? 2, format };
  formats.set(currency, made);
  return made;
}

/** As text, because a division would make a float of it; Intl takes decimals in text exactly (ECMA-402 §15.5.16). */
function decimal(amount: number, digits: number): Intl.StringNumericLiteral {
  if (!Number.isSafeInteger(amount)) throw new RangeError(`${amount} is no amount of minor units`);
  const units = String(Math.abs(amount)).padStart(digits + 1, "0");
  const split = units.length - digits;
  const sign = amount < 0 ? "-" : "";
  return `${sign}${units.slice(0, split)}.${units.slice(split) || "0"}` as Intl.StringNumericLiteral;
}
