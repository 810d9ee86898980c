import { SignJWT } from "jose";
import type { KeyRing } from "./key-ring.ts";

/** Seconds. After a revocation fails to arrive, this is how long a token is good at most. */
export const accessTokenLifetime = 900;

export interface AccessTokenClaims {
  /** The person, or the client that acts for itself (RFC 9068 §2.2). */
  readonly userId: string;
  readonly sessionId: string;
  readonly roles: readonly string[];
  /** With `scope`, and only with it: the token is limited to the scopes and was given to this client or key. */
  readonly clientId?: string;
  readonly scope?: string;
  /** Chooses the limits at the gateway; '' for the usual ones. */
  readonly tier?: string;
  /** Seconds, at most {@link accessTokenLifetime}. */
  readonly lifetime?: number;
}

export interface AccessTokens {
  issue(claims: AccessTokenClaims): Promise<string>;
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
    async issue({ userId, sessionId, roles, clientId, scope, tier, lifetime = accessTokenLifetime }) {
      // Without a scope it would be taken for a token of ordinary sign-in, which nothing limits.
      if ((clientId === undefined) !== !scope) throw new Error("A client's token needs a scope");
      const { kid, signer } = keyRing.signing();
      const issuedAt = Math.floor(now().getTime() / 1000);
      const limits = { ...(clientId && { client_id: clientId, scope }), ...(tier && { tier }) };
      return new SignJWT({ sid: sessionId, roles: [...roles], ...limits })
        .setProtectedHeader({ alg: "ES256", kid, typ: "at+jwt" })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(userId)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + Math.min(lifetime, accessTokenLifetime))
        .setJti(newId())
        .sign(signer);
    },
  };
}
