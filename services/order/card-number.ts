/** Thirteen or more digits with nothing but blanks, dots or dashes between them (ISO/IEC 7812-1 §4: at most nineteen). */
const cardNumber = /\d(?:[ .-]?\d){12}/;

/** Fields that may rightly hold long digits; whatever else the client sends counts as a payment field. */
const otherFields = new Set(["items", "shippingAddress"]);

/**
 * Whether a payment field of the body, at any depth and under any name, holds what looks like a card number. It must be
 * asked before anything else looks at the body, so that no error and no log line ever carries one.
 */
export function carriesCardNumber(body: unknown): boolean {
  if (typeof body !== "object" || body === null) return false;
  for (const [field, value] of Object.entries(body)) {
    if (!otherFields.has(field) && cardNumber.test(JSON.stringify(value) ?? "")) return true;
    if (cardNumber.test(field)) return true;
  }
  return false;
}
