import type { UserDeps } from "./user-deps.ts";
import { endBrowserSignIns, findUser } from "./user-store.ts";

/** Ends one session of a person, of an application too. Somebody else's looks like none. */
export async function endSession(
  { sessions, log }: UserDeps,
  { userId, sessionId }: { userId: string; sessionId: string },
): Promise<true | { readonly refused: "session-not-found" }> {
  if ((await sessions.find(sessionId))?.userId !== userId) return { refused: "session-not-found" };
  await sessions.end(userId, sessionId);
  log.info({ audit: "session-ended", userId, sessionId }, "a session is ended");
  return true;
}

/** Ends all sessions of a person but one, or all; on the consent page, too. API keys are not sessions and stay. */
export async function endAllSessions(
  { sql, transaction, sessions, now, log }: UserDeps,
  userId: string,
  { except, by }: { except?: string; by: string },
): Promise<true | { readonly refused: "user-not-found" }> {
  if (!(await findUser(sql, userId))) return { refused: "user-not-found" };
  await transaction(async (tx) => {
    await endBrowserSignIns(tx, userId, now());
    await sessions.endAll(userId, except);
  });
  log.info({ audit: "sessions-ended", userId, by }, "all sessions of a person are ended");
  return true;
}
