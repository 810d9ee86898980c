import { Fields } from "./fields.ts";

/** RFC 9110 §5.6.2; checked in lower case. */
const token = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
/** What must not stand in a head: controls but the tab, and DEL. Line ends are looked at where lines are read. */
const controls = Array.from({ length: 33 }, (_, at) => String.fromCharCode(at === 32 ? 127 : at))
  .filter((character) => !"\t\r\n".includes(character))
  .join("");
// A class of what is refused is looked for in 0.1 µs; one of what is taken, or with a look at the neighbours, takes 1 to 4.
const odd = new RegExp(`[${controls}]`);

const maxFields = 100;

/** Why fields cannot be taken. */
export type FieldsRefusal = "line-end" | "folded" | "name" | "too-many";

/** Whether a head has control characters in it; of line ends see {@link parseFields}. */
export const isOdd = (head: string): boolean => odd.test(head);

/**
 * Reads the lines after the first one (RFC 9112 §5), strictly: no folding, no space before the colon, no empty name.
 * @param head Latin-1, without the empty line at its end, and not odd
 * @param from where the first field begins
 */
export function parseFields(head: string, from: number): Fields | FieldsRefusal {
  const fields = new Fields();
  const { names, values } = fields;
  for (let at = from; at < head.length; ) {
    // Both characters, and neither alone (RFC 9112 §2.2): half a line end is one to some parsers.
    const feed = head.indexOf("\n", at);
    const end = feed === -1 ? head.length : feed - 1;
    const carriage = head.indexOf("\r", at);
    if (carriage !== (feed === -1 ? -1 : end)) return "line-end";
    const first = head.charCodeAt(at);
    if (first === 32 || first === 9) return "folded";
    const colon = head.indexOf(":", at);
    if (colon === -1 || colon > end) return "name";
    const name = head.slice(at, colon).toLowerCase();
    if (!token.test(name)) return "name";
    if (names.length === maxFields) return "too-many";
    names.push(name);
    values.push(trimmed(head, colon + 1, end));
    at = end + 2;
  }
  return fields;
}

/** Only spaces and tabs are optional whitespace (RFC 9110 §5.6.3); `trim` takes more. */
function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

const isBlank = (code: number): boolean => code === 32 || code === 9;
