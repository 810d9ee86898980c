import type { InvalidInput, User } from "./user.ts";
import type { UserDeps } from "./user-deps.ts";
import { findUser, updateTier } from "./user-store.ts";

/** A name that the gateway has no numbers for would leave the usual limits, and nobody would notice. */
export function problemOfTier(tiers: readonly string[], tier: string): InvalidInput | undefined {
  if (tier === "" || tiers.includes(tier)) return undefined;
  const detail = `There is no such tier; there are ${tiers.join(", ") || "none"}`;
  return { refused: "invalid-input", errors: [{ pointer: "/tier", detail }] };
}

/** For admins: which limits the account has at the gateway. */
export async function changeTier(
  { transaction, log, tiers }: UserDeps,
  userId: string,
  tier: string,
): Promise<User | InvalidInput | { readonly refused: "user-not-found" }> {
  const problem = problemOfTier(tiers, tier);
  if (problem) return problem;
  const user = await transaction(async (tx) =>
    (await updateTier(tx, userId, tier)) ? findUser(tx, userId) : undefined,
  );
  if (!user) return { refused: "user-not-found" };
  log.info({ audit: "tier-changed", userId, tier }, "the tier of an account is changed");
  return user;
}
