import { appendEvents } from "#mesh/outbox/append";
import { observeWork } from "#observability/metrics";
import { inAuthentication } from "./in-authentication.ts";
import type { TooManyAttempts } from "./limits/sign-in-limits.ts";
import type { Visitor } from "./session.ts";
import { type SessionTokens, startSession } from "./session-tokens.ts";
import { normaliseEmail } from "./user.ts";
import type { UserDeps } from "./user-deps.ts";
import { loggedIn, userTopic } from "./user-event.ts";
import { findCredentials, findPasswordHash, lockUser, updatePasswordHash } from "./user-store.ts";

export type LoginRefusal = { readonly refused: "invalid-credentials" } | TooManyAttempts;

/** Who knows the password. */
interface Proven {
  readonly userId: string;
  /** The one that the password belongs to. */
  readonly hash: string;
  /** In place of one with other parameters than today's. */
  readonly newHash: string | undefined;
}

/** Begins a session for whoever knows the password. */
export const logIn = (
  deps: UserDeps,
  credentials: { email: string; password: string },
  visitor: Visitor,
): Promise<SessionTokens | LoginRefusal> =>
  inAuthentication("password", () => authenticate(deps, credentials, visitor));

async function authenticate(
  deps: UserDeps,
  credentials: { email: string; password: string },
  visitor: Visitor,
): Promise<SessionTokens | LoginRefusal> {
  const proven = await checkPassword(deps, credentials, visitor);
  if ("refused" in proven) return proven;
  const { userId, hash, newHash } = proven;
  const sessionId = deps.newId();
  return deps.transaction<SessionTokens | LoginRefusal>(async (tx) => {
    // Locked, so that a deletion or a change of the password under way either prevents this session or sees and ends it.
    const user = await lockUser(tx, userId);
    const known = await findPasswordHash(tx, userId);
    if (!user || known?.passwordHash !== hash) return { refused: "invalid-credentials" };
    if (newHash) await updatePasswordHash(tx, userId, newHash);
    const event = loggedIn({ userId, sessionId }, { id: deps.newId(), time: deps.now() });
    await appendEvents(tx, userTopic, [event]);
    return startSession(deps, user, visitor, sessionId);
  });
}

/**
 * Whose password it is. An unknown address, one that is none, and a wrong password are the same refusal after the same
 * work, so that nobody learns who has an account; so is an account that has no password.
 */
export async function checkPassword(
  deps: Pick<UserDeps, "sql" | "passwords" | "limits" | "metrics">,
  { email, password }: { email: string; password: string },
  visitor: Visitor,
): Promise<Proven | LoginRefusal> {
  const limited = await deps.limits.beforeSignIn(email, visitor);
  if (limited) {
    deps.metrics.loginFailures.inc({ reason: limited.limit });
    return limited;
  }
  const started = performance.now();
  const found = await findCredentials(deps.sql, normaliseEmail(email) ?? "");
  const hash = found?.passwordHash ?? undefined;
  const matches = await deps.passwords.matches(hash, password);
  observeWork(
    deps.metrics.loginDuration,
    { authentication_method: "password", success: String(matches) },
    (performance.now() - started) / 1000,
  );
  if (!found || !hash || !matches) {
    deps.metrics.loginFailures.inc({ reason: "invalid-credentials" });
    return { refused: "invalid-credentials" };
  }
  await deps.limits.afterSignIn(email, visitor);
  const newHash = deps.passwords.isOutdated(hash) ? await deps.passwords.hash(password) : undefined;
  return { userId: found.userId, hash, newHash };
}
