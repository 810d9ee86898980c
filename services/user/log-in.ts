import { appendEvents } from "#mesh/outbox/append";
import { type SessionTokens, startSession } from "./session-tokens.ts";
import { normaliseEmail } from "./user.ts";
import type { UserDeps } from "./user-deps.ts";
import { loggedIn, userTopic } from "./user-event.ts";
import { type Credentials, findCredentials, holdUser, updatePasswordHash } from "./user-store.ts";

export type LoginRefusal = { readonly refused: "invalid-credentials" };

/**
 * Begins a session for whoever knows the password. An unknown address, one that is none, and a wrong password are
 * the same refusal after the same work, so that nobody learns who has an account.
 */
export async function logIn(
  deps: UserDeps,
  { email, password }: { email: string; password: string },
): Promise<SessionTokens | LoginRefusal> {
  const started = performance.now();
  const credentials = await findCredentials(deps.sql, normaliseEmail(email) ?? "");
  const matches = await deps.passwords.matches(credentials?.passwordHash, password);
  const outcome: SessionTokens | LoginRefusal =
    credentials && matches ? await begin(deps, credentials, password) : { refused: "invalid-credentials" };
  deps.metrics.loginDuration.observe(
    { authentication_method: "password", success: String(!("refused" in outcome)) },
    (performance.now() - started) / 1000,
  );
  return outcome;
}

async function begin(
  deps: UserDeps,
  { userId, passwordHash }: Credentials,
  password: string,
): Promise<SessionTokens | LoginRefusal> {
  const newHash = deps.passwords.isOutdated(passwordHash) ? await deps.passwords.hash(password) : undefined;
  const sessionId = deps.newId();
  return deps.transaction(async (tx) => {
    // Held, so that a deletion under way either prevents this session or sees and ends it.
    const user = await holdUser(tx, userId);
    if (!user) return { refused: "invalid-credentials" };
    if (newHash) await updatePasswordHash(tx, userId, newHash);
    const event = loggedIn({ userId, sessionId }, { id: deps.newId(), time: deps.now() });
    await appendEvents(tx, userTopic, [event]);
    return startSession(deps, user, sessionId);
  });
}
