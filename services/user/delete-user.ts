import { appendEvents } from "#mesh/outbox/append";
import { endTokensOf, revokeSubject } from "./oauth/manage-clients.ts";
import { listClients } from "./oauth/oauth-client-store.ts";
import type { UserDeps } from "./user-deps.ts";
import { deleted, userTopic } from "./user-event.ts";
import { deleteUserRow } from "./user-store.ts";

/**
 * Erases the account with its sessions, API keys and applications, and has their tokens refused. Erasing one that is gone
 * does nothing.
 */
export async function deleteUser(deps: UserDeps, userId: string): Promise<void> {
  const { transaction, sessions, now, newId } = deps;
  await transaction(async (tx) => {
    const clients = await listClients(tx, userId);
    if (!(await deleteUserRow(tx, userId))) return;
    await appendEvents(tx, userTopic, [deleted(userId, { id: newId(), time: now() })]);
    await sessions.endAll(userId);
    await revokeSubject(deps, userId);
    for (const { id } of clients) await endTokensOf(deps, id);
  });
}
