import { appendEvents } from "#mesh/outbox/append";
import { inAuthentication } from "../in-authentication.ts";
import type { Visitor } from "../session.ts";
import { type SessionTokens, startSession } from "../session-tokens.ts";
import type { UserDeps } from "../user-deps.ts";
import { loggedIn, userTopic } from "../user-event.ts";
import { findLinkedUser, linkIdentity } from "./external-identity-store.ts";
import { holdGoogleUser, SignedInTwice } from "./google-account.ts";
import type { GoogleRefusal } from "./google-refusal.ts";
import type { SignInCodes } from "./sign-in-codes.ts";

export interface GoogleDeps extends UserDeps {
  readonly signInCodes: SignInCodes;
}

interface Presented {
  readonly code: string;
  readonly codeVerifier: string;
}

/** Linking takes a session that began within this time: an open screen is not enough to add a way in. */
const recentMs = 10 * 60_000;
const invalidCode: GoogleRefusal = { refused: "invalid-code" };

/** A session for a sign-in at the provider. */
export const beginGoogleSession = (
  deps: GoogleDeps,
  presented: Presented,
  visitor: Visitor,
): Promise<SessionTokens | GoogleRefusal> =>
  inAuthentication("google", () => authenticate(deps, presented, visitor));

async function authenticate(
  deps: GoogleDeps,
  { code, codeVerifier }: Presented,
  visitor: Visitor,
): Promise<SessionTokens | GoogleRefusal> {
  const account = await deps.signInCodes.look(code, codeVerifier);
  if (!account) return invalidCode;
  return deps
    .transaction<SessionTokens | GoogleRefusal>(async (tx) => {
      const held = await holdGoogleUser(deps, tx, account);
      if ("refused" in held) return held;
      if (!(await deps.signInCodes.use(code))) throw new SignedInTwice();
      const { user, isNew } = held;
      if (isNew) {
        deps.metrics.registrations.inc({ registration_type: "google", source: "api" });
        return startSession(deps, user, visitor);
      }
      const sessionId = deps.newId();
      const event = loggedIn({ userId: user.id, sessionId }, { id: deps.newId(), time: deps.now() });
      await appendEvents(tx, userTopic, [event]);
      return startSession(deps, user, visitor, sessionId);
    })
    .catch((error: unknown) => {
      if (error instanceof SignedInTwice) return invalidCode;
      throw error;
    });
}

/** Adds the provider's account as a way in to the account of somebody who has just signed in to it. */
export async function linkGoogle(
  deps: GoogleDeps,
  { userId, sessionId }: { userId: string; sessionId: string },
  { code, codeVerifier }: Presented,
): Promise<true | GoogleRefusal> {
  const account = await deps.signInCodes.look(code, codeVerifier);
  if (!account) return invalidCode;
  const session = (await deps.sessions.list(userId)).find(({ id }) => id === sessionId);
  if (!session || deps.now().getTime() - session.startedAt.getTime() > recentMs) {
    return { refused: "recent-sign-in-required" };
  }
  if (!(await deps.signInCodes.use(code))) return invalidCode;
  return deps.transaction<true | GoogleRefusal>(async (tx) => {
    if (!(await linkIdentity(tx, account, { userId, at: deps.now() }))) {
      return (await findLinkedUser(tx, account)) === userId ? true : { refused: "google-account-taken" };
    }
    deps.log.info({ audit: "google-linked", userId }, "a Google account is linked");
    return true;
  });
}
