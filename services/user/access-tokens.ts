import { SignJWT } from "jose";
import type { KeyRing } from "./key-ring.ts";
import type { Role } from "./user.ts";

/** Seconds. After a revocation fails to arrive, this is how long a token is good at most. */
export const accessTokenLifetime = 900;

export interface AccessTokens {
  issue(claims: { userId: string; sessionId: string; roles: readonly Role[] }): Promise<string>;
}

/** Signs access tokens in the form of RFC 9068, ES256, with whichever key signs at that moment. */
export function createAccessTokens({
  keyRing,
  issuer,
  audience,
  now,
  newId,
}: {
  keyRing: KeyRing;
  issuer: string;
  audience: string;
  now: () => Date;
  newId: () => string;
}): AccessTokens {
  return {
    async issue({ userId, sessionId, roles }) {
      const { kid, signer } = keyRing.signing();
      const issuedAt = Math.floor(now().getTime() / 1000);
      return new SignJWT({ sid: sessionId, roles: [...roles] })
        .setProtectedHeader({ alg: "ES256", kid, typ: "at+jwt" })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(userId)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + accessTokenLifetime)
        .setJti(newId())
        .sign(signer);
    },
  };
}
