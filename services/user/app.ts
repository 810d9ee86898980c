import type { Redis } from "ioredis";
import type { ServiceAppOptions } from "#mesh/http/service-app";
import type { Revocations } from "#mesh/identity/revocations";
import type { Sql, Transact } from "#mesh/postgres/sql";
import { createAccessTokens } from "./access-tokens.ts";
import type { UserConfig } from "./config.ts";
import { createUserHttp } from "./http.ts";
import { openKeyRing } from "./key-ring.ts";
import { openKeyVault } from "./key-vault.ts";
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
  | "demoCustomerPassword"
  | "demoAdminPassword"
>;

export interface UserAppOptions extends Omit<ServiceAppOptions, "name"> {
  readonly config: UserAppConfig;
  readonly sql: Sql;
  readonly transaction: Transact;
  readonly redis: Redis;
  readonly revocations: Pick<Revocations, "revoke">;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** Wires user-service. @throws when the stored signing keys cannot be opened with KEY_ENCRYPTION_KEY */
export async function createUserApp(options: UserAppOptions) {
  const { config, sql, transaction, redis, revocations, identity, log, metrics, now, newId } = options;
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
  const deps = {
    sql,
    transaction,
    sessions,
    passwords: await createPasswords(),
    accessTokens: createAccessTokens({ keyRing, issuer, audience, now, newId }),
    metrics: createUserMetrics(metrics, sessions),
    now,
    newId,
  };
  return {
    app: createUserHttp({ name: "user-service", identity, log, metrics }, deps, keyRing),
    seed: async () => {
      const passwords = { customer: config.demoCustomerPassword, admin: config.demoAdminPassword };
      const made = await seedUsers(deps, demoUsers(passwords));
      log.info({ made }, "demo users are seeded");
    },
    close: () => keyRing.close(),
  };
}
