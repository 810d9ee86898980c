import type { Sql, Transact } from "#mesh/postgres/sql";
import type { AccessTokens } from "./access-tokens.ts";
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
  readonly metrics: UserMetrics;
  readonly now: () => Date;
  readonly newId: () => string;
}
