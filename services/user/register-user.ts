import { appendEvents } from "#mesh/outbox/append";
import type { TooManyAttempts } from "./limits/sign-in-limits.ts";
import type { Visitor } from "./session.ts";
import { type SessionTokens, startSession } from "./session-tokens.ts";
import { checkRegistration, type InvalidInput, newUser, type Registration } from "./user.ts";
import type { UserDeps } from "./user-deps.ts";
import { registered, userTopic } from "./user-event.ts";
import { findCredentials, insertUser } from "./user-store.ts";

export type RegisterRefusal = InvalidInput | TooManyAttempts | { readonly refused: "email-taken" };

/** Makes an account and its first session. Account, event and session come together or not at all. */
export async function registerUser(
  deps: UserDeps,
  input: Registration,
  visitor: Visitor,
): Promise<SessionTokens | RegisterRefusal> {
  const limited = await deps.limits.beforeRegistration(visitor);
  if (limited) return limited;
  const registration = checkRegistration(input);
  if ("refused" in registration) return registration;
  // Only saves the hashing; the unique index decides.
  if (await findCredentials(deps.sql, registration.email)) return { refused: "email-taken" };
  const passwordHash = await deps.passwords.hash(registration.password);
  const user = newUser(registration, { id: deps.newId(), at: deps.now() });
  const outcome = await deps.transaction<SessionTokens | RegisterRefusal>(async (tx) => {
    if (!(await insertUser(tx, user, passwordHash))) return { refused: "email-taken" };
    await appendEvents(tx, userTopic, [registered(user, deps.newId())]);
    return startSession(deps, user, visitor);
  });
  if (!("refused" in outcome)) {
    deps.metrics.registrations.inc({ registration_type: "password", source: "api" });
  }
  return outcome;
}
