import { appendEvents } from "#mesh/outbox/append";
import type { UserDeps } from "./user-deps.ts";
import { deleted, userTopic } from "./user-event.ts";
import { deleteUserRow } from "./user-store.ts";

/** Erases the account and ends all its sessions. Erasing one that is gone does nothing. */
export async function deleteUser(
  { transaction, sessions, now, newId }: UserDeps,
  userId: string,
): Promise<void> {
  await transaction(async (tx) => {
    if (!(await deleteUserRow(tx, userId))) return;
    await appendEvents(tx, userTopic, [deleted(userId, { id: newId(), time: now() })]);
    await sessions.endAll(userId);
  });
}
