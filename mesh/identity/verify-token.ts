import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeProtectedHeader,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  jwtVerify,
} from "jose";

/** Why a token was refused; `unavailable` says nothing about the token: its keys could not be had. */
export type TokenRefusal =
  | "malformed"
  | "expired"
  | "not-yet-valid"
  | "signature"
  | "claims"
  | "revoked"
  | "unavailable";

export class TokenRefused extends Error {
  override readonly name = "TokenRefused";
  constructor(
    readonly reason: TokenRefusal,
    message: string,
  ) {
    super(message);
  }
}

export interface VerifiedToken {
  readonly subject: string;
  readonly issuer: string;
  readonly sessionId: string;
  readonly roles: readonly string[];
  readonly scope: string;
  /** The key that signed it, from the protected header. */
  readonly keyId: string;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
}

export interface TokenVerifier {
  /** @throws TokenRefused */
  verify(token: string): Promise<VerifiedToken>;
  /** A token that was verified before and is still good, without a promise; undefined when it has to be verified. */
  recall(token: string): VerifiedToken | undefined;
  /** How many tokens are remembered. */
  remembered(): number;
}

interface VerifierOptions {
  /** Where the issuer publishes its keys, or the keys themselves. */
  readonly keys: { readonly url: string } | JSONWebKeySet;
  /** Left out where the key id names the issuer, as in tokens of services. */
  readonly issuer?: string;
  readonly audience: string;
  /** The `typ` of the header, such as `at+jwt` (RFC 9068), so that no other kind of token passes for this one. */
  readonly type?: string;
  readonly isRevoked?: (sessionId: string) => boolean;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly maxRemembered?: number;
}

const maxTokenLength = 8192;
const clockToleranceSeconds = 5;
/** Headers by which a token could choose its own key or rules (RFC 8725 §3.10); none is understood here. */
const refusedHeaders = ["jku", "jwk", "x5u", "x5c", "crit"];

/**
 * Verifies ES256 access tokens and remembers the verified ones until they expire, so that the signature of a token
 * is checked once and not with each request. Keys are fetched again for an unknown key id, at most twice a minute.
 */
export function createTokenVerifier(options: VerifierOptions): TokenVerifier {
  const { issuer, audience, type, isRevoked = () => false, now = Date.now, maxRemembered = 20_000 } = options;
  const keys =
    "url" in options.keys && typeof options.keys.url === "string"
      ? createRemoteJWKSet(new URL(options.keys.url), {
          cooldownDuration: 30_000,
          cacheMaxAge: 600_000,
          timeoutDuration: 3000,
        })
      : createLocalJWKSet(options.keys as JSONWebKeySet);
  const memory = new Map<string, VerifiedToken>();

  function recall(token: string): VerifiedToken | undefined {
    const known = memory.get(token);
    if (!known) return undefined;
    if (known.expiresAt * 1000 > now() && !isRevoked(known.sessionId)) return known;
    memory.delete(token);
    return undefined;
  }

  function remember(token: string, verified: VerifiedToken): void {
    // A Map keeps the order of insertion, so the first key is the oldest.
    if (memory.size >= maxRemembered) memory.delete(memory.keys().next().value as string);
    memory.set(token, verified);
  }

  async function verify(token: string): Promise<VerifiedToken> {
    const known = recall(token);
    if (known) return known;
    refuseOddHeaders(token);
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      algorithms: ["ES256"],
      audience,
      ...(issuer !== undefined && { issuer }),
      ...(type !== undefined && { typ: type }),
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(now()),
      requiredClaims: ["sub", "iat", "exp"],
    }).catch((error: unknown) => {
      throw refusalOf(error);
    });
    const verified = readClaims(payload, protectedHeader.kid ?? "");
    if (isRevoked(verified.sessionId)) throw new TokenRefused("revoked", "The session has ended");
    remember(token, verified);
    return verified;
  }

  return { verify, recall, remembered: () => memory.size };
}

function refuseOddHeaders(token: string): void {
  if (token.length > maxTokenLength) throw new TokenRefused("malformed", "The token is too long");
  let header: Record<string, unknown>;
  try {
    header = { ...decodeProtectedHeader(token) };
  } catch {
    throw new TokenRefused("malformed", "The token is not a JWT");
  }
  if (header.alg !== "ES256") throw new TokenRefused("signature", "The token is not signed with ES256");
  const odd = refusedHeaders.find((name) => name in header);
  if (odd) throw new TokenRefused("malformed", `The token has the header ${odd}, which is not taken`);
}

function readClaims(payload: JWTPayload, keyId: string): VerifiedToken {
  const { sub, iss, exp, sid, roles, scope } = payload;
  if (typeof sub !== "string" || typeof exp !== "number")
    throw new TokenRefused("claims", "The token lacks claims");
  const named = Array.isArray(roles) ? roles.filter((role): role is string => typeof role === "string") : [];
  return {
    subject: sub,
    issuer: iss ?? "",
    sessionId: typeof sid === "string" ? sid : "",
    roles: named,
    scope: typeof scope === "string" ? scope : "",
    keyId,
    expiresAt: exp,
  };
}

function refusalOf(error: unknown): TokenRefused {
  if (error instanceof errors.JWTExpired) return new TokenRefused("expired", "The token has expired");
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === "nbf"
      ? new TokenRefused("not-yet-valid", "The token is not valid yet")
      : new TokenRefused("claims", `The token's claim ${error.claim} is not accepted`);
  }
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey) {
    return new TokenRefused("signature", "The token's signature is not accepted");
  }
  if (
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JOSENotSupported ||
    error instanceof errors.JOSEAlgNotAllowed
  ) {
    return new TokenRefused("malformed", "The token cannot be read");
  }
  return new TokenRefused("unavailable", "The issuer's keys cannot be had");
}
