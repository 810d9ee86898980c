import type { User } from "./user.ts";
import type { UserDeps } from "./user-deps.ts";
import { findUser, updateTier } from "./user-store.ts";

/** For admins: which limits the account has at the gateway. What names there are stands in `gateway.yaml`. */
export async function changeTier(
  { transaction, log }: UserDeps,
  userId: string,
  tier: string,
): Promise<User | { readonly refused: "user-not-found" }> {
  const user = await transaction(async (tx) =>
    (await updateTier(tx, userId, tier)) ? findUser(tx, userId) : undefined,
  );
  if (!user) return { refused: "user-not-found" };
  log.info({ audit: "tier-changed", userId, tier }, "the tier of an account is changed");
  return user;
}
