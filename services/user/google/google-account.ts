import { appendEvents } from "#mesh/outbox/append";
import type { Transaction } from "#mesh/postgres/sql";
import { newUser, normaliseEmail, type User } from "../user.ts";
import type { UserDeps } from "../user-deps.ts";
import { registered, userTopic } from "../user-event.ts";
import { holdUser, insertUser } from "../user-store.ts";
import { findLinkedUser, linkIdentity } from "./external-identity-store.ts";
import type { ProviderAccount } from "./google-provider.ts";
import type { GoogleRefusal } from "./google-refusal.ts";

/** Rolls the transaction back. */
export class SignedInTwice extends Error {
  override readonly name = "SignedInTwice";
  constructor() {
    super("The same sign-in came twice");
  }
}

/**
 * Whose account a provider's account signs in to, making one where there is none. That is decided by the provider's
 * subject alone. An address decides nothing: an account that has it already is linked only by somebody who signs in to it,
 * because an address may have been registered here by a stranger before its owner came, or changed hands at the provider.
 * @throws SignedInTwice when somebody made the account at the same time
 */
export async function holdGoogleUser(
  deps: Pick<UserDeps, "newId" | "now">,
  tx: Transaction,
  account: ProviderAccount,
): Promise<{ readonly user: User; readonly isNew: boolean } | GoogleRefusal> {
  const userId = await findLinkedUser(tx, account);
  const known = userId && (await holdUser(tx, userId));
  if (known) return { user: known, isNew: false };
  const user = newUser(personOf(account), { id: deps.newId(), at: deps.now() });
  if (!(await insertUser(tx, user, null))) return { refused: "link-required" };
  // Whoever comes second finds the account that the first one made.
  if (!(await linkIdentity(tx, account, { userId: user.id, at: user.createdAt }))) throw new SignedInTwice();
  await appendEvents(tx, userTopic, [registered(user, deps.newId())]);
  return { user, isNew: true };
}

/** The address has been checked to be one, and the provider's word for it, before. */
function personOf({ email = "", firstName, lastName }: ProviderAccount) {
  const address = normaliseEmail(email);
  if (!address) throw new Error("A sign-in without an address was let through");
  const line = (text: string) => text.replaceAll(/\p{C}/gu, "").trim().slice(0, 100);
  const nameless = address.slice(0, address.indexOf("@"));
  return { email: address, firstName: line(firstName ?? "") || nameless, lastName: line(lastName ?? "") };
}
