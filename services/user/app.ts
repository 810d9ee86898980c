import type { Redis } from "ioredis";
import type { ServiceAppOptions } from "#mesh/http/service-app";
import type { Revocations } from "#mesh/identity/revocations";
import type { Sql, Transact } from "#mesh/postgres/sql";
import { createAccessTokens } from "./access-tokens.ts";
import type { UserConfig } from "./config.ts";
import { createGoogleProvider } from "./google/google-provider.ts";
import { createSealedCookie } from "./google/sealed-cookie.ts";
import { createSignInCodes } from "./google/sign-in-codes.ts";
import { createUserHttp, type UserHttpDeps } from "./http.ts";
import { openKeyRing } from "./key-ring.ts";
import { openKeyVault } from "./key-vault.ts";
import { createAttemptCounters } from "./limits/attempt-counters.ts";
import { createSignInLimits } from "./limits/sign-in-limits.ts";
import { createAuthorizationCodes } from "./oauth/authorization-codes.ts";
import { createBrowserSignIns } from "./oauth/browser-sign-ins.ts";
import { issuerMismatch } from "./oauth/issuer-mismatch.ts";
import { createPendingConsents } from "./oauth/pending-consents.ts";
import { createReadAccessToken } from "./oauth/read-access-token.ts";
import { createPasswords } from "./password.ts";
import { demoUsers, seedUsers } from "./seed-users.ts";
import { createSessionStore } from "./session-store.ts";
import { keySchedule } from "./signing-keys.ts";
import { createUserMetrics } from "./user-metrics.ts";

type UserAppConfig = Pick<
  UserConfig,
  | "keyEncryptionKey"
  | "signingKeyRotationHours"
  | "tokenIssuer"
  | "tokenAudience"
  | "publicUrl"
  | "googleClientId"
  | "googleClientSecret"
  | "googleIssuer"
  | "signInReturnUrls"
  | "tiers"
  | "demoCustomerPassword"
  | "demoAdminPassword"
>;

export interface UserAppOptions extends Omit<ServiceAppOptions, "name"> {
  readonly config: UserAppConfig;
  readonly sql: Sql;
  readonly transaction: Transact;
  readonly redis: Redis;
  readonly revocations: Pick<Revocations, "revoke" | "revokeUser" | "isRevoked">;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** Wires user-service. @throws when the stored signing keys cannot be opened with KEY_ENCRYPTION_KEY */
export async function createUserApp(options: UserAppOptions) {
  const { config, sql, transaction, redis, revocations, identity, log, metrics, tracing, now, newId } =
    options;
  const keyRing = await openKeyRing({
    sql,
    transaction,
    vault: await openKeyVault(config.keyEncryptionKey),
    schedule: keySchedule(config.signingKeyRotationHours),
    now,
    newId,
    log,
  });
  const { tokenIssuer: issuer, tokenAudience: audience } = config;
  const sessions = createSessionStore({ redis, revocations, now });
  const publicUrl = config.publicUrl ?? issuer;
  const mismatch = issuerMismatch(publicUrl, issuer);
  if (mismatch) log.warn({ detail: mismatch }, "OAuth clients will not believe the metadata");
  const secure = publicUrl.startsWith("https:");
  const keyText = config.keyEncryptionKey;
  const { googleClientId: clientId, googleClientSecret: clientSecret, googleIssuer } = config;
  const redirectUri = `${publicUrl}/api/auth/google/callback`;
  const deps: UserHttpDeps = {
    sql,
    transaction,
    sessions,
    passwords: await createPasswords(),
    accessTokens: createAccessTokens({ keyRing, issuer, audience, now, newId }),
    limits: createSignInLimits(createAttemptCounters({ redis, now })),
    revocations,
    codes: createAuthorizationCodes({ redis, now }),
    browsers: createBrowserSignIns({ redis, sql, now, keyText, secure }),
    readAccessToken: createReadAccessToken({ keyRing, issuer, audience, revocations, now }),
    issuer,
    publicUrl,
    google:
      clientId && clientSecret
        ? createGoogleProvider({ issuer: googleIssuer, clientId, clientSecret, redirectUri, now })
        : undefined,
    begun: createSealedCookie({ keyText, name: "ecotrack-google", path: "/api/auth/google", secure, now }),
    signInCodes: createSignInCodes(redis),
    pendingConsents: createPendingConsents(redis),
    returnUrls: config.signInReturnUrls,
    metrics: createUserMetrics(metrics, sessions),
    tiers: config.tiers,
    log,
    now,
    newId,
  };
  return {
    app: createUserHttp({ name: "user-service", identity, log, metrics, tracing }, deps, keyRing),
    seed: async () => {
      const passwords = { customer: config.demoCustomerPassword, admin: config.demoAdminPassword };
      const made = await seedUsers(deps, demoUsers(passwords));
      log.info({ made }, "demo users are seeded");
    },
    close: () => keyRing.close(),
  };
}
