import type { JWTPayload } from "jose";
import { type SignatureAlgorithm, signatureAlgorithms } from "./signature-algorithm.ts";
import { refusals, type TokenRefused } from "./token-refused.ts";

const maxTokenLength = 8192;
const maxClaims = 64;
/** Objects and lists inside each other. */
const maxDepth = 6;
const maxListLength = 256;
const base64url = "[A-Za-z0-9_-]+";
/** JWS in compact form (RFC 7515 §3.1), without padding. One without a signature has the form of one. */
const compactForm = new RegExp(`^${base64url}\\.${base64url}\\.(?:${base64url})?$`);
/** UUIDs, thumbprints, numbers, URLs. Only ever looked up in a map, but it also reaches logs. */
const keyIdForm = /^[\w.:/+=@~-]{1,256}$/;
/**
 * By these a token could choose its own key or rules (RFC 8725 §3.10). `crit` names extensions that have to be
 * understood (RFC 7515 §4.1.11); none is here, `b64` (RFC 7797) included.
 */
const refusedMembers = ["jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc"];

/** A token taken apart. Nothing of it is proved. */
export interface UnverifiedToken {
  readonly algorithm: SignatureAlgorithm;
  /** Empty where the token does not say. */
  readonly keyId: string;
  /** Empty where the token does not say. */
  readonly type: string;
  readonly claims: JWTPayload;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

/** Takes a token apart and refuses what can be refused by its form. */
export function readToken(token: string): UnverifiedToken | TokenRefused {
  if (token.length > maxTokenLength) return refusals.tooLong;
  if (!compactForm.test(token)) return token.split(".").length === 5 ? refusals.encrypted : refusals.notJwt;
  const first = token.indexOf(".");
  const last = token.lastIndexOf(".");
  const header = readJson(token.slice(0, first));
  if (!header) return refusals.notJwt;
  const refused = refuseHeader(header);
  if (refused) return refused;
  const claims = readJson(token.slice(first + 1, last));
  if (!claims) return refusals.notJwt;
  if (!isModest(claims)) return refusals.oddClaims;
  const encoded = token.slice(last + 1);
  const signature = Buffer.from(encoded, "base64url");
  // Else one token could be written in several ways, and each of them would have to be remembered.
  if (signature.toString("base64url") !== encoded) return refusals.notJwt;
  const { alg, kid, typ } = header;
  return {
    algorithm: alg as SignatureAlgorithm,
    keyId: typeof kid === "string" ? kid : "",
    type: typeof typ === "string" ? typ : "",
    claims: claims as JWTPayload,
    signed: Buffer.from(token.slice(0, last), "latin1"),
    signature,
  };
}

function refuseHeader(header: Record<string, unknown>): TokenRefused | undefined {
  if (!isKnownAlgorithm(header.alg)) return refusals.algorithm;
  for (const member of refusedMembers) if (Object.hasOwn(header, member)) return refusals.oddHeader;
  const { kid } = header;
  if (kid !== undefined && !(typeof kid === "string" && keyIdForm.test(kid))) return refusals.oddKeyId;
  return undefined;
}

const isKnownAlgorithm = (alg: unknown): boolean => signatureAlgorithms.some((each) => each === alg);

function readJson(encoded: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(encoded, "base64url").toString());
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Whoever works with claims may rely on there being few of them, none of them deep. */
function isModest(claims: Record<string, unknown>): boolean {
  const values = Object.values(claims);
  return values.length <= maxClaims && values.every((value) => isShallow(value, maxDepth));
}

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (depth === 0) return false;
  const inner = Object.values(value);
  return inner.length <= maxListLength && inner.every((each) => isShallow(each, depth - 1));
}
