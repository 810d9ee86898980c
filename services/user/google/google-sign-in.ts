import { appendEvents } from "#mesh/outbox/append";
import { inAuthentication } from "../in-authentication.ts";
import type { Visitor } from "../session.ts";
import { type SessionTokens, startSession } from "../session-tokens.ts";
import { newUser, normaliseEmail } from "../user.ts";
import type { UserDeps } from "../user-deps.ts";
import { loggedIn, registered, userTopic } from "../user-event.ts";
import { holdUser, insertUser } from "../user-store.ts";
import { findLinkedUser, linkIdentity } from "./external-identity-store.ts";
import type { ProviderAccount } from "./google-provider.ts";
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

/**
 * A session for a sign-in at the provider. Who the account belongs to is decided by the provider's subject alone. An
 * address decides nothing: an account that has it already is linked only by somebody who signs in to it, because an
 * address may have been registered here by a stranger before its owner came, or changed hands at the provider.
 */
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
      const userId = await findLinkedUser(tx, account);
      const known = userId && (await holdUser(tx, userId));
      if (known) {
        if (!(await deps.signInCodes.use(code))) return invalidCode;
        const sessionId = deps.newId();
        const event = loggedIn({ userId: known.id, sessionId }, { id: deps.newId(), time: deps.now() });
        await appendEvents(tx, userTopic, [event]);
        return startSession(deps, known, visitor, sessionId);
      }
      const user = newUser(personOf(account), { id: deps.newId(), at: deps.now() });
      if (!(await insertUser(tx, user, null))) return { refused: "link-required" };
      const linked = await linkIdentity(tx, account, { userId: user.id, at: user.createdAt });
      // Whoever comes second finds the account that the first one made.
      if (!linked || !(await deps.signInCodes.use(code)))
        throw new SignedInTwice("The same sign-in came twice");
      await appendEvents(tx, userTopic, [registered(user, deps.newId())]);
      deps.metrics.registrations.inc({ registration_type: "google", source: "api" });
      return startSession(deps, user, visitor);
    })
    .catch((error: unknown) => {
      if (error instanceof SignedInTwice) return invalidCode;
      throw error;
    });
}

/** Rolls the transaction back. */
class SignedInTwice extends Error {
  override readonly name = "SignedInTwice";
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

/** The address has been checked to be one, and the provider's word for it, before a code was given out. */
function personOf({ email = "", firstName, lastName }: ProviderAccount) {
  const address = normaliseEmail(email);
  if (!address) throw new Error("A sign-in without an address was let through");
  const line = (text: string) => text.replaceAll(/\p{C}/gu, "").trim().slice(0, 100);
  const nameless = address.slice(0, address.indexOf("@"));
  return { email: address, firstName: line(firstName ?? "") || nameless, lastName: line(lastName ?? "") };
}
