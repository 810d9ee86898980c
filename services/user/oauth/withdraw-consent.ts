import type { UserDeps } from "../user-deps.ts";
import { deleteConsent } from "./consent-store.ts";

/** The person is asked again, and what the client holds in this person's name ends within a second. */
export async function withdrawConsent(
  { transaction, sessions, log }: Pick<UserDeps, "transaction" | "sessions" | "log">,
  { userId, clientId }: { userId: string; clientId: string },
): Promise<true | { readonly refused: "consent-not-found" }> {
  return transaction<true | { readonly refused: "consent-not-found" }>(async (tx) => {
    if (!(await deleteConsent(tx, userId, clientId))) return { refused: "consent-not-found" };
    await sessions.endAllOfClient(clientId, userId);
    log.info({ audit: "oauth-consent-withdrawn", userId, clientId }, "a consent is withdrawn");
    return true;
  });
}
