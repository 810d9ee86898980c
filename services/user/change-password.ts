import type { TooManyAttempts } from "./limits/sign-in-limits.ts";
import { checkPasswordChoice, type InvalidInput } from "./user.ts";
import type { UserDeps } from "./user-deps.ts";
import { endBrowserSignIns, findPasswordHash, lockUser, updatePasswordHash } from "./user-store.ts";

/** Who has no password proves by a fresh sign-in at the provider that it is not just an open screen. */
const recentMs = 10 * 60_000;

export type PasswordRefusal =
  | InvalidInput
  | TooManyAttempts
  | { readonly refused: "wrong-password" | "recent-sign-in-required" | "user-not-found" };

interface PasswordChange {
  readonly currentPassword?: string | undefined;
  readonly newPassword: string;
}

/**
 * Changes the password and ends every other session, those of applications included; or sets the first one of an account
 * that signs in elsewhere. The session it is done in goes on. API keys stay: they are ended one by one.
 */
export async function changePassword(
  deps: UserDeps,
  { userId, sessionId }: { userId: string; sessionId: string },
  { currentPassword, newPassword }: PasswordChange,
): Promise<true | PasswordRefusal> {
  const refusal = await proveOwner(deps, { userId, sessionId }, currentPassword);
  if (refusal) return refusal;
  const passwordHash = await deps.passwords.hash(newPassword);
  return deps.transaction<true | PasswordRefusal>(async (tx) => {
    const user = await lockUser(tx, userId);
    if (!user) return { refused: "user-not-found" };
    const invalid = checkPasswordChoice(newPassword, user.email, "/newPassword");
    if (invalid) return invalid;
    await updatePasswordHash(tx, userId, passwordHash);
    await endBrowserSignIns(tx, userId, deps.now());
    // Last: without Redis nothing is changed, rather than a password without the end of what a thief may hold.
    await deps.sessions.endAll(userId, sessionId);
    deps.log.info({ audit: "password-changed", userId }, "a password is changed");
    return true;
  });
}

async function proveOwner(
  { sql, passwords, limits, sessions, now }: UserDeps,
  { userId, sessionId }: { userId: string; sessionId: string },
  currentPassword: string | undefined,
): Promise<PasswordRefusal | undefined> {
  const found = await findPasswordHash(sql, userId);
  if (!found) return { refused: "user-not-found" };
  if (found.passwordHash === null) {
    const session = (await sessions.list(userId)).find(({ id }) => id === sessionId);
    const recent = session && now().getTime() - session.startedAt.getTime() < recentMs;
    return recent ? undefined : { refused: "recent-sign-in-required" };
  }
  const limited = await limits.beforePasswordCheck(userId);
  if (limited) return limited;
  if (!(await passwords.matches(found.passwordHash, currentPassword ?? "")))
    return { refused: "wrong-password" };
  await limits.afterPasswordCheck(userId);
  return undefined;
}
