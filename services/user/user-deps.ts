import type { Revocations } from "#mesh/identity/revocations";
import type { Sql, Transact } from "#mesh/postgres/sql";
import type { Log } from "#observability/log";
import type { AccessTokens } from "./access-tokens.ts";
import type { SignInLimits } from "./limits/sign-in-limits.ts";
import type { Passwords } from "./password.ts";
import type { SessionStore } from "./session-store.ts";
import type { UserMetrics } from "./user-metrics.ts";

/** What the use cases of user-service stand on, wired once in `app.ts`. */
export interface UserDeps {
  readonly sql: Sql;
  readonly transaction: Transact;
  readonly sessions: SessionStore;
  readonly passwords: Passwords;
  readonly accessTokens: AccessTokens;
  readonly limits: SignInLimits;
  readonly revocations: Pick<Revocations, "revoke" | "revokeUser" | "isRevoked">;
  readonly metrics: UserMetrics;
  /** What a tier may be, beside the usual one, which is empty. */
  readonly tiers: readonly string[];
  readonly log: Log;
  readonly now: () => Date;
  readonly newId: () => string;
}
