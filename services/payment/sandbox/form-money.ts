import { type Form, textOf } from "./form.ts";
import { invalid, missingParameter } from "./stripe-error.ts";

/** The `amount` to charge, in minor units, within Stripe's limits. */
export function chargeableAmount(form: Form): number {
  const amount = optionalAmount(form, "amount");
  if (amount === undefined) throw missingParameter("amount");
  if (amount < 50) {
    throw invalid("Amount must be at least 50 in the smallest unit.", "amount", "amount_too_small");
  }
  if (amount > 99_999_999) {
    throw invalid("Amount must be no more than 99999999.", "amount", "amount_too_large");
  }
  return amount;
}

/** A positive amount in minor units, or undefined when the field is missing. */
export function optionalAmount(form: Form, name: string): number | undefined {
  const text = textOf(form, name);
  if (text === undefined) return undefined;
  const amount = Number(text);
  if (!Number.isSafeInteger(amount) || amount < 1) {
    throw invalid(`Invalid integer: ${text}`, name, "parameter_invalid_integer");
  }
  return amount;
}

/** Lower case, as Stripe keeps it. */
export function currencyOf(form: Form): string {
  const currency = textOf(form, "currency")?.toLowerCase();
  if (currency === undefined) throw missingParameter("currency");
  if (!/^[a-z]{3}$/.test(currency)) throw invalid(`Invalid currency: ${currency}.`, "currency");
  return currency;
}
