import { appendEvents } from "#mesh/outbox/append";
import type { UserDeps } from "./user-deps.ts";
import { loggedOut, userTopic } from "./user-event.ts";

/** Ends the session: its refresh token at once, its access tokens everywhere within a second. */
export async function logOut(
  { transaction, sessions, now, newId }: UserDeps,
  session: { userId: string; sessionId: string },
): Promise<void> {
  await transaction(async (tx) => {
    await appendEvents(tx, userTopic, [loggedOut(session, { id: newId(), time: now() })]);
    await sessions.end(session.userId, session.sessionId);
  });
}
