import { ProblemError, problems } from "../problem.ts";

/** Deeper than any request needs, shallower than what exhausts a stack. */
const maxDepth = 32;
/** The escapes of U+0000 and of surrogates (RFC 8259 §7); as themselves neither can stand in JSON that is UTF-8. */
const suspicious = /\\u(?:0000|[dD][89a-fA-F])/;

/** @throws ProblemError 400 for a document that is nested too deeply, before anybody walks through it */
export function refuseDeepJson(text: string): void {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (quoted) {
      if (code === 0x5c) at += 1;
      else if (code === 0x22) quoted = false;
    } else if (code === 0x22) quoted = true;
    else if (code === 0x5b || code === 0x7b) depth += 1;
    else if (code === 0x5d || code === 0x7d) depth -= 1;
    if (depth > maxDepth)
      throw new ProblemError(problems.malformed(`The body is nested deeper than ${maxDepth} levels`));
  }
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
