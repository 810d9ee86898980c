import { ProblemError, problems } from "../problem.ts";

/** Deeper than any request needs, shallower than what exhausts a stack. */
const maxDepth = 32;
/** The escapes of U+0000 and of surrogates (RFC 8259 §7); as themselves neither can stand in JSON that is UTF-8. */
const suspicious = /\\u(?:0000|[dD][89a-fA-F])/;

/**
 * Walks once through a document that nobody has parsed yet.
 * @returns how many names of members stand in it, those that stand twice counted twice
 * @throws ProblemError 400 for one that is nested too deeply, before anybody walks through it
 */
export function refuseDeepJson(text: string): number {
  let depth = 0;
  let names = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = endOfString(text, at);
    else if (code === 0x3a) names += 1;
    else if (code === 0x5b || code === 0x7b) depth += 1;
    else if (code === 0x5d || code === 0x7d) depth -= 1;
    if (depth > maxDepth)
      throw new ProblemError(problems.malformed(`The body is nested deeper than ${maxDepth} levels`));
  }
  return names;
}

/** Where the quotation mark stands that ends the string which begins at `from`; the text's end where none does. */
function endOfString(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let before = at;
    while (text.charCodeAt(before - 1) === 0x5c) before -= 1;
    if ((at - before) % 2 === 0) return at;
  }
  return text.length;
}

/**
 * Refuses an object that has a name twice (RFC 8259 §4): one reader believes the first, another the last. A parsed object
 * has it once, so that counting tells; which name it is is not said, because it may be a card number.
 * @param written how many names stand in the text
 * @throws ProblemError 400
 */
export function refuseRepeatedNames(written: number, value: unknown): void {
  if (namesIn(value) !== written)
    throw new ProblemError(problems.malformed("An object in the body has a name more than once"));
}

function namesIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let names = 0;
  if (Array.isArray(value)) {
    for (const each of value) names += namesIn(each);
    return names;
  }
  // What was parsed inherits nothing that is enumerable; a list of its values would cost twice as much.
  for (const name in value) names += 1 + namesIn((value as Readonly<Record<string, unknown>>)[name]);
  return names;
}

/**
 * Refuses text that no database keeps: U+0000, and half of a surrogate pair, which is no character.
 * @throws ProblemError 422 with the pointer of the first one
 */
export function refuseOddText(text: string, value: unknown): void {
  if (!suspicious.test(text)) return;
  const pointer = findOdd(value, "");
  if (pointer === undefined) return;
  const detail = "holds U+0000 or half of a surrogate pair";
  throw new ProblemError(problems.validation([{ pointer, detail }]));
}

const isOdd = (text: string): boolean => text.includes("\0") || !text.isWellFormed();

function findOdd(value: unknown, pointer: string): string | undefined {
  if (typeof value === "string") return isOdd(value) ? pointer : undefined;
  if (typeof value !== "object" || value === null) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    // A name that is odd itself cannot stand in an answer.
    const found = isOdd(name)
      ? pointer
      : findOdd(inner, `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
