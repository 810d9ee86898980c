import type { Log } from "#observability/log";
import { refuseClaims, verifiedToken } from "./check-claims.ts";
import { compileIssuer, type IssuerSpec } from "./issuer.ts";
import { createJwks } from "./jwks.ts";
import { givenKeys, type KeySource, type KeyState } from "./key-source.ts";
import type { VerifyingKey } from "./read-jwks.ts";
import { readToken, type UnverifiedToken } from "./read-token.ts";
import { isSignature } from "./signature-algorithm.ts";
import { createTokenMemory } from "./token-memory.ts";
import { refusals, TokenRefused } from "./token-refused.ts";
import type { VerifiedToken } from "./verified-token.ts";

export type { VerifiedToken } from "./verified-token.ts";

export interface TokenVerifier {
  /** What the token says, or why it is refused. A promise only where the issuer has to be asked for a key. */
  check(token: string): CheckedToken | Promise<CheckedToken>;
  /** The same for callers that want an exception. @throws TokenRefused */
  verify(token: string): Promise<VerifiedToken>;
  /** A token that was verified before and is still good; undefined when it has to be verified. */
  recall(token: string): VerifiedToken | undefined;
  /** How many tokens are remembered, and about how many bytes they take. */
  remembered(): number;
  rememberedBytes(): number;
  /** How the keys stand, by the name of the issuer. */
  keyStates(): readonly IssuerKeyState[];
  /** Sees to it that keys are there before the first token is. Does not throw: `keyStates` tells how it went. */
  warm(): Promise<void>;
  /** Ends what goes on in the background; what is verified already stays so. */
  close(): void;
}

export type CheckedToken = VerifiedToken | TokenRefused;

export interface IssuerKeyState {
  readonly issuer: string;
  readonly state: KeyState;
}

/** A verifier of one issuer's tokens. */
export interface IssuerVerifier extends TokenVerifier {
  /** The claim `iss` that it is for; undefined: whatever it says. */
  readonly issuer: string | undefined;
  /** Checks a token that was recalled in vain and is taken apart already. */
  checkRead(token: string, read: UnverifiedToken): CheckedToken | Promise<CheckedToken>;
}

export interface VerifierOptions extends Omit<IssuerSpec, "name"> {
  readonly name?: string;
  /** @param issuedAt seconds since the epoch */
  readonly isRevoked?: (sessionId: string, subject: string, issuedAt: number) => boolean;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly maxRemembered?: number;
  readonly maxRememberedBytes?: number;
  readonly log?: Log;
  /** In the place of `keys`, for keys that others use too; whoever made it closes it. */
  readonly keySource?: KeySource;
}

/** Enough for a hundred thousand people at once; see docs/decisions/0013 for what an entry takes. */
const defaultRemembered = 131_072;
const defaultRememberedBytes = 160 * 1024 * 1024;

/**
 * Verifies tokens of one issuer and remembers the verified ones until they expire, so that the signature of a token is
 * checked once and not with each request. What the token says of itself chooses among the issuer's keys and nothing
 * else. See `joinVerifiers` for several issuers.
 * @throws Error that says what is wrong with the issuer's rules
 */
export function createTokenVerifier(options: VerifierOptions): IssuerVerifier {
  const { isRevoked = () => false, now = Date.now, keys: where, log } = options;
  const issuer = compileIssuer({ name: "default", ...options });
  const keys = options.keySource ?? openKeys(where, log);
  const memory = createTokenMemory({
    maxTokens: options.maxRemembered ?? defaultRemembered,
    maxBytes: options.maxRememberedBytes ?? defaultRememberedBytes,
  });

  function recall(token: string): VerifiedToken | undefined {
    const known = memory.get(token);
    if (known === undefined) return undefined;
    const { verified, key } = known;
    const { sessionId, subject, issuedAt } = verified;
    const expired = verified.expiresAt * 1000 <= now();
    if (!expired && !key.withdrawn && !isRevoked(sessionId, subject, issuedAt)) return verified;
    // What is expired by a clock that is put back is verified anew.
    memory.forget(token);
    return undefined;
  }

  function check(token: string): CheckedToken | Promise<CheckedToken> {
    const known = recall(token);
    if (known) return known;
    const read = readToken(token);
    return read instanceof TokenRefused ? read : checkRead(token, read);
  }

  /** Whatever can be refused without a key is refused before one is looked for. */
  function checkRead(token: string, read: UnverifiedToken): CheckedToken | Promise<CheckedToken> {
    if (issuer.issuer !== undefined && read.claims.iss !== issuer.issuer) return refusals.issuer;
    if (!issuer.algorithms.has(read.algorithm)) return refusals.algorithm;
    const refused = refuseClaims(issuer, read, now() / 1000);
    if (refused) return refused;
    const key = keys.find(read.keyId, read.algorithm);
    if (key) return conclude(token, read, key);
    return keys.seek(read.keyId, read.algorithm).then((found) => {
      if (found === "unavailable") return refusals.unavailable;
      return found === "unknown" ? refusals.signature : conclude(token, read, found);
    });
  }

  function conclude(token: string, read: UnverifiedToken, key: VerifyingKey): CheckedToken {
    if (!isSignature(read.algorithm, key.key, read.signed, read.signature)) return refusals.signature;
    const verified = verifiedToken(issuer, read);
    if (isRevoked(verified.sessionId, verified.subject, verified.issuedAt)) return refusals.revoked;
    memory.set(token, { verified, key }, now() / 1000);
    return verified;
  }

  return {
    issuer: issuer.issuer,
    check,
    checkRead,
    async verify(token) {
      const outcome = await check(token);
      if (outcome instanceof TokenRefused) throw outcome;
      return outcome;
    },
    recall,
    remembered: memory.size,
    rememberedBytes: memory.bytes,
    keyStates: () => [{ issuer: issuer.name, state: keys.state() }],
    warm: keys.warm,
    close: options.keySource ? () => {} : keys.close,
  };
}

function openKeys(where: IssuerSpec["keys"], log: Log | undefined): KeySource {
  return "url" in where && typeof where.url === "string"
    ? createJwks({ url: where.url, log })
    : givenKeys(where);
}
