import { Buffer } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";

const prefix = "ert_";
const tokenPattern = /^ert_[\w-]{86}$/;

/** What is kept of a refresh token: where it belongs and two SHA-256 hashes, nothing that could be presented. */
export interface RefreshTokenHashes {
  readonly sessionId: string;
  /** Of the part that all tokens of one session share: it tells a used token from an invented one. */
  readonly family: string;
  /** Of the part that is new in each token. */
  readonly secret: string;
}

/**
 * A refresh token: `ert_` and, in base64url, session id (16 bytes), family secret (16) and the token's own 256
 * random bits. Because the family secret is in every token of a session, a token that was used before is recognised
 * without keeping the hashes of all that ever were.
 * @param previous the token that this one takes the place of
 */
export function newRefreshToken(sessionId: string, previous?: string): string {
  const family = previous ? bytesOf(previous).subarray(16, 32) : randomBytes(16);
  const session = Buffer.from(sessionId.replaceAll("-", ""), "hex");
  return prefix + Buffer.concat([session, family, randomBytes(32)]).toString("base64url");
}

/** @returns undefined when the text cannot be a refresh token of ours */
export function readRefreshToken(token: string): RefreshTokenHashes | undefined {
  if (!tokenPattern.test(token)) return undefined;
  const bytes = bytesOf(token);
  const sessionId = bytes
    .subarray(0, 16)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  return { sessionId, family: sha256(bytes.subarray(16, 32)), secret: sha256(bytes.subarray(32)) };
}

const bytesOf = (token: string): Buffer => Buffer.from(token.slice(prefix.length), "base64url");
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("base64url");
