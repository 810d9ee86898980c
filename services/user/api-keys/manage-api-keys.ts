import { randomBytes } from "node:crypto";
import { createApiKey } from "#mesh/identity/api-key-format";
import type { Transaction } from "#mesh/postgres/sql";
import { afterlifeMs, reachable } from "../session-store.ts";
import type { InvalidInput } from "../user.ts";
import type { UserDeps } from "../user-deps.ts";
import { lockUser } from "../user-store.ts";
import { type ApiKey, type ApiKeyInput, checkApiKey, hashApiKey } from "./api-key.ts";
import {
  deleteApiKeyRow,
  deleteExpiredKeys,
  findApiKey,
  insertApiKey,
  listApiKeys,
  shortenApiKey,
} from "./api-key-store.ts";

export const maxKeysPerOwner = 20;
const hourMs = 3_600_000;
/** A key that has expired is still listed for so long. */
const listedAfterExpiryMs = 30 * 24 * hourMs;

export type ApiKeyRefusal =
  | InvalidInput
  | { readonly refused: "user-not-found" | "key-not-found" | "too-many-keys" | "invalid-api-key" };

/** The key is told here and never again. */
export interface MadeKey {
  readonly key: string;
  readonly kept: ApiKey;
  readonly tier: string;
}

export async function makeApiKey(
  deps: UserDeps,
  ownerId: string,
  input: ApiKeyInput,
): Promise<MadeKey | ApiKeyRefusal> {
  const at = deps.now();
  const made = await deps.transaction<MadeKey | ApiKeyRefusal>(async (tx) => {
    // Locked, so that two at once do not both find room.
    const owner = await lockUser(tx, ownerId);
    if (!owner) return { refused: "user-not-found" };
    const wanted = checkApiKey(input, { roles: owner.roles, at });
    if ("refused" in wanted) return wanted;
    await deleteExpiredKeys(tx, ownerId, new Date(at.getTime() - listedAfterExpiryMs));
    const good = (await listApiKeys(tx, ownerId)).filter(({ expiresAt }) => !expiresAt || expiresAt > at);
    if (good.length >= maxKeysPerOwner) return { refused: "too-many-keys" };
    return { ...(await insertNew(deps, tx, { ...wanted, ownerId, createdAt: at })), tier: owner.tier };
  });
  if (!("refused" in made)) {
    deps.log.info({ audit: "api-key-made", keyId: made.kept.id, ownerId }, "an API key is made");
  }
  return made;
}

/**
 * A new key like the old one, with an id of its own. The old one stays good for `oldValidHours`, or ends at once with 0; it
 * can be deleted any time like every other.
 */
export async function rotateApiKey(
  deps: UserDeps,
  { id, ownerId, oldValidHours }: { id: string; ownerId: string; oldValidHours: number },
): Promise<MadeKey | ApiKeyRefusal> {
  const at = deps.now();
  const made = await deps.transaction<MadeKey | ApiKeyRefusal>(async (tx) => {
    const owner = await lockUser(tx, ownerId);
    const old = await findApiKey(tx, id, ownerId);
    if (!owner || !old || (old.expiresAt && old.expiresAt <= at)) return { refused: "key-not-found" };
    const { name, scopes, createdAt, expiresAt } = old;
    // What was meant to live for a year lives for a year again.
    const lifetimeMs = expiresAt && expiresAt.getTime() - createdAt.getTime();
    const until = lifetimeMs === null ? null : new Date(at.getTime() + lifetimeMs);
    const next = await insertNew(deps, tx, { name, scopes, ownerId, createdAt: at, expiresAt: until });
    if (oldValidHours > 0) await shortenApiKey(tx, id, new Date(at.getTime() + oldValidHours * hourMs));
    else await endKey(deps, tx, { id, ownerId });
    return { ...next, tier: owner.tier };
  });
  if (!("refused" in made)) {
    deps.log.info(
      { audit: "api-key-rotated", keyId: id, next: made.kept.id, ownerId },
      "an API key is replaced",
    );
  }
  return made;
}

/** Ends the key, and what it was exchanged for everywhere within a second. */
export async function deleteApiKey(
  deps: UserDeps,
  { id, ownerId }: { id: string; ownerId: string },
): Promise<true | ApiKeyRefusal> {
  const ended = await deps.transaction((tx) => endKey(deps, tx, { id, ownerId }));
  if (!ended) return { refused: "key-not-found" };
  deps.log.info({ audit: "api-key-deleted", keyId: id, ownerId }, "an API key is deleted");
  return true;
}

/** Revoked last: without Redis the key stays, and whoever wanted it gone is told so. */
async function endKey(
  { revocations, now }: UserDeps,
  tx: Transaction,
  { id, ownerId }: { id: string; ownerId: string },
): Promise<boolean> {
  if (!(await deleteApiKeyRow(tx, id, ownerId))) return false;
  await reachable(revocations.revoke(id, new Date(now().getTime() + afterlifeMs)));
  return true;
}

async function insertNew(
  { newId }: UserDeps,
  tx: Transaction,
  wanted: Pick<ApiKey, "name" | "scopes" | "ownerId" | "createdAt" | "expiresAt">,
): Promise<{ key: string; kept: ApiKey }> {
  const key = createApiKey(randomBytes);
  const kept: ApiKey = { ...wanted, id: newId(), lastFour: key.slice(-4), lastUsedAt: null };
  await insertApiKey(tx, kept, hashApiKey(key));
  return { key, kept };
}
