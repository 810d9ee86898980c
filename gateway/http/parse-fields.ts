import { Fields } from "./fields.ts";

/** RFC 9110 §5.6.2; checked in lower case. */
const token = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
/** Controls but the tab, and line ends that are not both characters (RFC 9112 §2.2): two parsers may differ on these. */
// Everything below the space, but tab and line ends, and DEL; written as what is allowed, for the sake of the linter.
const odd = /[^\t\r\n\x20-\x7e\x80-\xff]|\r(?!\n)|(?<!\r)\n/;

export const maxFields = 100;

/** Why fields cannot be taken. */
export type FieldsRefusal = "control-character" | "folded" | "name" | "too-many";

/** Whether text from the wire has characters in it that must not stand in a head. */
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
    let end = head.indexOf("\r\n", at);
    if (end === -1) end = head.length;
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
