import { containsCardNumber } from "#mesh/card-number";

/** Fields that may rightly hold long digits; whatever else the client sends counts as a payment field. */
const otherFields = new Set(["items", "shippingAddress"]);

/**
 * Whether a payment field of the body, at any depth and under any name, holds what looks like a card number. It must be
 * asked before anything else looks at the body, so that no error and no log line ever carries one.
 */
export function carriesCardNumber(body: unknown): boolean {
  if (typeof body !== "object" || body === null) return false;
  return Object.entries(body).some(
    ([field, value]) => containsCardNumber(field) || (!otherFields.has(field) && containsCardNumber(value)),
  );
}
