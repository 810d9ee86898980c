import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import type { SignatureAlgorithm } from "./signature-algorithm.ts";

/** Seconds since the epoch at which tokens of {@link TestIssuer} are made, unless a test says otherwise. */
export const testTime = 1_800_000_000;

export interface WantedToken {
  readonly header?: Record<string, unknown>;
  readonly claims?: Record<string, unknown>;
}

/** A key of its own and tokens signed with it. For tests only. */
export interface TestIssuer {
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
  sign(wanted?: WantedToken): Promise<string>;
}

export async function createTestIssuer(
  algorithm: SignatureAlgorithm = "ES256",
  { kid = "a", issuer = "https://ecotrack.test" }: { kid?: string; issuer?: string } = {},
): Promise<TestIssuer> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  const publicJwk = { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: "sig" };
  const usual = {
    iss: issuer,
    aud: "ecotrack",
    sub: "u1",
    sid: "s1",
    roles: ["customer"],
    iat: testTime,
    exp: testTime + 900,
  };
  return {
    privateKey,
    publicJwk,
    sign: ({ header, claims } = {}) => {
      // What a test sets to undefined is left out.
      const all = Object.entries({ ...usual, ...claims }).filter(([, value]) => value !== undefined);
      const token = new SignJWT(Object.fromEntries(all));
      return token
        .setProtectedHeader({ alg: algorithm, kid, ...header })
        .sign(privateKey, { crit: { exp: true } });
    },
  };
}

/** A token with any header and claims, and whatever stands for its signature. */
export function rawToken(header: object, claims: object, signature = "AAAA"): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part(header)}.${part(claims)}.${signature}`;
}
