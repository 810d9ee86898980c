import { createHmac, generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** What callers send, made for one run. */
export interface Tokens {
  /** The JWKS that the gateway fetches. */
  readonly jwks: string;
  /** What the peers check signatures with. They get HS256, the cheapest there is: a secret that all have. */
  readonly secret: string;
  /** ES256, as user-service signs them. */
  es256(user: number): string;
  hs256(user: number): string;
}

export const issuer = "https://ecotrack.test";
export const audience = "ecotrack";

const keyId = "user/1";
const lifetimeSeconds = 3600;
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

export function createTokens(): Tokens {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const secret = randomBytes(32).toString("hex");
  const es256Header = encode({ alg: "ES256", kid: keyId, typ: "at+jwt" });
  const hs256Header = encode({ alg: "HS256", typ: "JWT" });
  return {
    jwks: JSON.stringify({
      keys: [{ ...publicKey.export({ format: "jwk" }), kid: keyId, alg: "ES256", use: "sig" }],
    }),
    secret,
    es256(user) {
      const signed = `${es256Header}.${encode(claims(user))}`;
      const signature = sign("sha256", Buffer.from(signed), { key: privateKey, dsaEncoding: "ieee-p1363" });
      return `${signed}.${signature.toString("base64url")}`;
    },
    hs256(user) {
      const signed = `${hs256Header}.${encode(claims(user))}`;
      return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
    },
  };
}

/** Right in all but the signature, which is the costliest way to be wrong. */
export function withRandomSignature(token: string): string {
  return `${token.slice(0, token.lastIndexOf("."))}.${randomBytes(64).toString("base64url")}`;
}

function claims(user: number) {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: issuer,
    aud: audience,
    sub: userId(user),
    sid: userId(user).replace("-7000-8000-", "-7000-9000-"),
    roles: ["customer"],
    iat: now,
    exp: now + lifetimeSeconds,
  };
}

const userId = (user: number): string => `0193b0c0-0000-7000-8000-${user.toString(16).padStart(12, "0")}`;
