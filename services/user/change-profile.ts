import { appendEvents } from "#mesh/outbox/append";
import { changeProfile, type InvalidInput, type ProfileChange, type User } from "./user.ts";
import type { UserDeps } from "./user-deps.ts";
import { updated, userTopic } from "./user-event.ts";
import { lockUser, updateProfile } from "./user-store.ts";

export type ProfileRefusal = InvalidInput | { readonly refused: "user-not-found" };

/** Changes what the person says of themselves. A change that changes nothing writes nothing. */
export async function changeOwnProfile(
  { transaction, now, newId }: UserDeps,
  userId: string,
  change: ProfileChange,
): Promise<User | ProfileRefusal> {
  return transaction<User | ProfileRefusal>(async (tx) => {
    const user = await lockUser(tx, userId);
    if (!user) return { refused: "user-not-found" };
    const changed = changeProfile(user, change, now());
    if ("refused" in changed || changed === user) return changed;
    await updateProfile(tx, changed);
    await appendEvents(tx, userTopic, [updated(changed, newId())]);
    return changed;
  });
}
