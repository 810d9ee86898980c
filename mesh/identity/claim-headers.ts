import type { JWTPayload } from "jose";

/** A claim and the header in which services get it. */
export interface HeaderMapping {
  /** In lower case. */
  readonly header: string;
  readonly claim: string;
}

/** Only names that the gateway removes from every request, whoever sends it: else a client could write them itself. */
export const claimHeaderPattern = "^x-(?:auth|caller|consumer|identity|role|session|user)[a-z0-9-]{0,60}$";
const headerForm = new RegExp(claimHeaderPattern);
const maxValueLength = 1024;

/** @throws Error that names a header which may not carry a claim */
export function compileHeaderMapping(headers: Readonly<Record<string, string>>): readonly HeaderMapping[] {
  return Object.entries(headers).map(([name, claim]) => {
    const header = name.toLowerCase();
    if (!headerForm.test(header))
      throw new Error(
        `The header ${name} cannot carry a claim: it does not begin with x-caller, x-user or the like`,
      );
    return { header, claim };
  });
}

const none: readonly (readonly [string, string])[] = [];

/** The headers for one token's claims. A claim that is missing, too long or no plain value has no header. */
export function claimHeaders(
  mapping: readonly HeaderMapping[],
  claims: JWTPayload,
): readonly (readonly [name: string, value: string])[] {
  if (mapping.length === 0) return none;
  const headers: (readonly [string, string])[] = [];
  for (const { header, claim } of mapping) {
    const value = Object.hasOwn(claims, claim) ? headerValue(claims[claim]) : undefined;
    if (value !== undefined && value.length <= maxValueLength) headers.push([header, value]);
  }
  return headers;
}

function headerValue(claim: unknown): string | undefined {
  if (Array.isArray(claim)) {
    const values = claim.map((each) => (Array.isArray(each) ? undefined : headerValue(each)));
    // A comma within a value must not make two of one.
    return values.some((each) => each === undefined)
      ? undefined
      : values.map((each) => each?.replaceAll(",", "%2C")).join(",");
  }
  if (typeof claim === "number" || typeof claim === "boolean") return String(claim);
  return typeof claim === "string" ? escaped(claim) : undefined;
}

/** Visible ASCII and blanks as they are, everything else and `%` as in a URI: nothing in a claim ends a header. */
function escaped(text: string): string {
  return text.replace(/[^\x20-\x24\x26-\x7e]|^ | $/gu, (character) =>
    encodeURIComponent(character.isWellFormed() ? character : "\ufffd"),
  );
}
