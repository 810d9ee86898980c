import { appendEvents } from "#mesh/outbox/append";
import { type SessionTokens, startSession } from "./session-tokens.ts";
import { checkRegistration, type InvalidInput, newUser, type Registration } from "./user.ts";
import type { UserDeps } from "./user-deps.ts";
import { registered, userTopic } from "./user-event.ts";
import { findCredentials, insertUser } from "./user-store.ts";

export type RegisterRefusal = InvalidInput | { readonly refused: "email-taken" };

/** Makes an account and its first session. Account, event and session come together or not at all. */
export async function registerUser(
  deps: UserDeps,
  input: Registration,
): Promise<SessionTokens | RegisterRefusal> {
  const registration = checkRegistration(input);
  if ("refused" in registration) return registration;
  // Only saves the hashing; the unique index decides.
  if (await findCredentials(deps.sql, registration.email)) return { refused: "email-taken" };
  const passwordHash = await deps.passwords.hash(registration.password);
  const user = newUser(registration, { id: deps.newId(), at: deps.now() });
  const outcome = await deps.transaction<SessionTokens | RegisterRefusal>(async (tx) => {
    if (!(await insertUser(tx, user, passwordHash))) return { refused: "email-taken" };
    await appendEvents(tx, userTopic, [registered(user, deps.newId())]);
    return startSession(deps, user);
  });
  if (!("refused" in outcome)) {
    deps.metrics.registrations.inc({ registration_type: "password", source: "api" });
  }
  return outcome;
}
