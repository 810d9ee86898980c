import { createLocalJWKSet, type JWTPayload, jwtVerify } from "jose";
import type { Revocations } from "#mesh/identity/revocations";
import type { KeyRing } from "../key-ring.ts";

export interface ReadToken extends JWTPayload {
  readonly sub: string;
  readonly sid: string;
  readonly iat: number;
  readonly exp: number;
  readonly client_id?: string;
  readonly scope?: string;
}

/** The claims of one of our access tokens that is good at this moment; undefined for anything else. */
export type ReadAccessToken = (token: string) => Promise<ReadToken | undefined>;

export function createReadAccessToken({
  keyRing,
  issuer,
  audience,
  revocations,
  now,
}: {
  keyRing: KeyRing;
  issuer: string;
  audience: string;
  revocations: Pick<Revocations, "isRevoked">;
  now: () => Date;
}): ReadAccessToken {
  return async (token) => {
    if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return undefined;
    const claims = await jwtVerify<ReadToken>(token, createLocalJWKSet(keyRing.published()), {
      algorithms: ["ES256"],
      typ: "at+jwt",
      issuer,
      audience,
      currentDate: now(),
      requiredClaims: ["sub", "sid", "iat", "exp"],
    }).then(
      ({ payload }) => payload,
      () => undefined,
    );
    return claims && !revocations.isRevoked(claims.sid, claims.sub, claims.iat) ? claims : undefined;
  };
}
