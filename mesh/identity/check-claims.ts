import type { JWTPayload } from "jose";
import { claimHeaders } from "./claim-headers.ts";
import { type Issuer, plainType } from "./issuer.ts";
import type { UnverifiedToken } from "./read-token.ts";
import { refusals, type TokenRefused } from "./token-refused.ts";
import type { VerifiedToken } from "./verified-token.ts";

const maxNameLength = 255;
const none: readonly string[] = [];

/**
 * Everything about a token but its signature (RFC 7519 §7.2, RFC 8725 §3.8 to §3.12). Asked before the signature is, because
 * it is cheaper to answer; nothing is learned by it that the client did not send.
 * @param now seconds since the epoch
 */
export function refuseClaims(
  issuer: Issuer,
  { type, claims }: UnverifiedToken,
  now: number,
): TokenRefused | undefined {
  const { sub, exp, iat, nbf, aud } = claims;
  if (issuer.type !== "" && plainType(type) !== issuer.type) return refusals.type;
  if (!isName(sub) || !isTime(exp) || !isTime(iat) || (nbf !== undefined && !isTime(nbf)))
    return refusals.lacksClaims;
  if (!isName(claims.sid ?? "none")) return refusals.lacksClaims;
  if (exp <= now - issuer.clockSkewSeconds) return refusals.expired;
  if (nbf !== undefined && nbf > now + issuer.clockSkewSeconds) return refusals.notYetValid;
  if (!isFor(issuer.audiences, aud)) return refusals.audience;
  for (const { name, value } of issuer.requiredClaims) {
    if (!hasClaim(claims, name, value)) return refusals.claimValue;
  }
  return undefined;
}

/** To be called with claims that {@link refuseClaims} has nothing against. */
export function verifiedToken(issuer: Issuer, { keyId, claims }: UnverifiedToken): VerifiedToken {
  const { sub, iss, sid, iat, exp, roles, scope, scp, tier, client_id: clientId, azp } = claims;
  // `scp` is how Entra and Okta write it.
  const scopes = words(scope ?? scp);
  return {
    subject: sub ?? "",
    // The configured text where there is one: a copy for each token would be kept with it.
    issuer: issuer.issuer ?? iss ?? "",
    issuerName: issuer.name,
    sessionId: typeof sid === "string" ? sid : "",
    roles: words(roles),
    scope: scopes.join(" "),
    scopes,
    allScopes: scopes.length === 0 && issuer.withoutScope === "all",
    tier: typeof tier === "string" ? tier : "",
    clientId: text(clientId) || text(azp),
    keyId,
    issuedAt: iat ?? 0,
    expiresAt: exp ?? 0,
    headers: claimHeaders(issuer.headers, claims),
  };
}

function isFor(audiences: ReadonlySet<string>, aud: unknown): boolean {
  return Array.isArray(aud)
    ? aud.some((each) => audiences.has(each))
    : typeof aud === "string" && audiences.has(aud);
}

const text = (claim: unknown): string => (typeof claim === "string" ? claim : "");

/** A list of words, or text with blanks between them. */
function words(claim: unknown): readonly string[] {
  if (typeof claim === "string") return claim === "" ? none : claim.split(" ").filter((word) => word !== "");
  if (!Array.isArray(claim) || claim.length === 0) return none;
  return claim.filter((word): word is string => typeof word === "string" && word !== "");
}

const isName = (claim: unknown): claim is string =>
  typeof claim === "string" && claim !== "" && claim.length <= maxNameLength;

const isTime = (claim: unknown): claim is number => typeof claim === "number" && Number.isFinite(claim);

function hasClaim(claims: JWTPayload, name: string, value: unknown): boolean {
  if (!Object.hasOwn(claims, name)) return false;
  const found = claims[name];
  if (value === undefined) return found !== null && found !== "";
  return found === value || (Array.isArray(found) && found.includes(value));
}
