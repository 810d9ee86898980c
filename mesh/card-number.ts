const uuids = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;
const cardNumber = /\d(?:[ .-]?\d){12}/;

/**
 * Whether thirteen or more digits in a row, grouped or not, stand anywhere in a value: in a text, a number or the
 * name of a field. Such a thing must not be stored or logged (PCI DSS 3.4). Ids in UUID form are left out.
 */
export function containsCardNumber(value: unknown): boolean {
  if (typeof value === "string") return looksLikeCard(value);
  if (typeof value === "number") return looksLikeCard(String(value));
  if (value === null || typeof value !== "object") return false;
  if (Array.isArray(value)) return value.some(containsCardNumber);
  return Object.entries(value).some(([name, each]) => looksLikeCard(name) || containsCardNumber(each));
}

const looksLikeCard = (text: string): boolean =>
  text.length >= 13 && cardNumber.test(text.length < 36 ? text : text.replace(uuids, "·"));
