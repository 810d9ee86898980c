import { importJWK, type JWK, SignJWT } from "jose";
import type { ServiceName } from "./service-name.ts";

/** Tokens that a service signs for itself, one for each service it calls. */
export interface ServiceTokens {
  /** A token for the audience with at least a minute to live. */
  for(audience: ServiceName): Promise<string>;
}

const lifetimeSeconds = 300;
const renewBeforeSeconds = 60;

/**
 * @param key the service's private ES256 key as JSON Web Key (RFC 7517); its `kid` begins with the service's name
 * @throws Error when `key` is no JSON Web Key
 */
export function createServiceTokens({
  name,
  key,
  now = Date.now,
}: {
  name: ServiceName;
  key: string;
  now?: () => number;
}): ServiceTokens {
  const jwk = parsed(key);
  const held = new Map<ServiceName, { token: Promise<string>; renewAt: number }>();

  async function sign(audience: ServiceName, at: number): Promise<string> {
    const signingKey = await importJWK(jwk, "ES256");
    return new SignJWT()
      .setProtectedHeader({ alg: "ES256", kid: jwk.kid ?? `${name}/1`, typ: "JWT" })
      .setIssuer(name)
      .setSubject(name)
      .setAudience(audience)
      .setIssuedAt(at)
      .setExpirationTime(at + lifetimeSeconds)
      .sign(signingKey);
  }

  return {
    for(audience) {
      const at = Math.floor(now() / 1000);
      const known = held.get(audience);
      if (known && at < known.renewAt) return known.token;
      const token = sign(audience, at);
      held.set(audience, { token, renewAt: at + lifetimeSeconds - renewBeforeSeconds });
      token.catch(() => held.delete(audience));
      return token;
    },
  };
}

/** Without a word of the key itself: the error is shown and logged. */
function parsed(key: string): JWK {
  let jwk: unknown;
  try {
    jwk = JSON.parse(key);
  } catch {
    // Said below, in words that help.
  }
  if (typeof jwk === "object" && jwk !== null && "d" in jwk) return jwk as JWK;
  throw new Error("SERVICE_KEY is not a private key, expected a JSON Web Key (RFC 7517)");
}
