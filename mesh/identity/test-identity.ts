import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { uuidV7 } from "../uuid-v7.ts";
import { createIdentity, type Identity } from "./identity.ts";
import { type ServiceName, serviceNames } from "./service-name.ts";
import { createServiceTokens } from "./service-tokens.ts";
import { createTokenVerifier } from "./verify-token.ts";

/** A throw-away issuer for tests, with the identity that believes it. */
export interface TestIdentity {
  readonly identity: Identity;
  userToken(claims: {
    userId: string;
    roles?: readonly string[];
    sessionId?: string;
    scope?: string;
  }): Promise<string>;
  serviceToken(name: ServiceName): Promise<string>;
}

/** @param audience the service under test, to which services' tokens must be addressed */
export async function createTestIdentity(audience: ServiceName): Promise<TestIdentity> {
  const issuer = "https://ecotrack.test";
  const user = await newKey("user/1");
  const serviceKeys = new Map<ServiceName, { privateJwk: JWK; publicJwk: JWK; key: CryptoKey }>();
  for (const name of serviceNames) serviceKeys.set(name, await newKey(`${name}/1`));
  const identity = createIdentity({
    users: createTokenVerifier({ keys: { keys: [user.publicJwk] }, issuer, audience: "ecotrack" }),
    services: createTokenVerifier({
      keys: { keys: [...serviceKeys.values()].map((each) => each.publicJwk) },
      audience,
    }),
  });
  return {
    identity,
    userToken: ({ userId, roles = ["customer"], sessionId = uuidV7(), scope }) =>
      new SignJWT({ sid: sessionId, roles: [...roles], ...(scope && { scope }) })
        .setProtectedHeader({ alg: "ES256", kid: "user/1", typ: "at+jwt" })
        .setIssuer(issuer)
        .setAudience("ecotrack")
        .setSubject(userId)
        .setIssuedAt()
        .setExpirationTime("15m")
        .sign(user.key),
    serviceToken: (name) =>
      createServiceTokens({ name, key: JSON.stringify(serviceKeys.get(name)?.privateJwk) }).for(audience),
  };
}

async function newKey(kid: string) {
  const pair = await generateKeyPair("ES256", { extractable: true });
  const named = { kid, alg: "ES256" };
  const privateJwk: JWK = { ...(await exportJWK(pair.privateKey)), ...named };
  const publicJwk: JWK = { ...(await exportJWK(pair.publicKey)), ...named };
  return { privateJwk, publicJwk, key: pair.privateKey };
}
