import type { Money } from "#mesh/money";

// https://developer.paypal.com/api/rest/reference/currency-codes/
const taken: ReadonlySet<string> = new Set(
  "AUD BRL CAD CNY CZK DKK EUR HKD HUF ILS JPY MYR MXN TWD NZD NOK PHP PLN GBP SGD SEK CHF THB USD".split(
    " ",
  ),
);
/** PayPal takes whole units of these, though ISO 4217 gives the forint and the Taiwan dollar two decimals. */
const wholeOnly: ReadonlySet<string> = new Set(["HUF", "JPY", "TWD"]);

const isoDigits = (currency: string): number => (currency === "JPY" ? 0 : 2);

/** An amount as PayPal writes it, such as `19.99`; undefined where PayPal cannot take it. No float is involved. */
export function decimalAmount({ amount, currency }: Money): string | undefined {
  if (!taken.has(currency) || !Number.isSafeInteger(amount) || amount < 0) return undefined;
  const digits = isoDigits(currency);
  const text = String(amount).padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits);
  const fraction = text.slice(text.length - digits);
  if (!wholeOnly.has(currency)) return digits === 0 ? whole : `${whole}.${fraction}`;
  return /^0*$/.test(fraction) ? whole : undefined;
}

/** Minor units of a decimal; undefined for what is none or has more decimals than the currency. */
export function minorUnits(decimal: string, currency: string): number | undefined {
  const [, sign = "", whole, fraction = ""] = /^(-?)(\d{1,13})(?:\.(\d+))?$/.exec(decimal) ?? [];
  const digits = isoDigits(currency);
  if (whole === undefined || !/^0*$/.test(fraction.slice(digits))) return undefined;
  const amount = Number(sign + whole + fraction.slice(0, digits).padEnd(digits, "0"));
  return Number.isSafeInteger(amount) ? amount : undefined;
}
