import type { Reader, Sql, Transaction } from "#mesh/postgres/sql";
import type { Role } from "../user.ts";
import type { ApiKey } from "./api-key.ts";

const keyColumns = (sql: Reader) => sql`
  api_keys.id, owner_id as "ownerId", name, last_four as "lastFour", scopes, api_keys.created_at as "createdAt",
  expires_at as "expiresAt", last_used_at as "lastUsedAt"`;

export const listApiKeys = (sql: Reader, ownerId: string): Promise<ApiKey[]> =>
  sql<ApiKey[]>`select ${keyColumns(sql)} from api_keys where owner_id = ${ownerId} order by id desc`;

export async function findApiKey(sql: Reader, id: string, ownerId: string): Promise<ApiKey | undefined> {
  const [key] = await sql<ApiKey[]>`
    select ${keyColumns(sql)} from api_keys where id = ${id} and owner_id = ${ownerId}`;
  return key;
}

export interface UsableKey extends ApiKey {
  readonly roles: readonly Role[];
  readonly tier: string;
}

/** The key with this hash and what its owner is, unless it has expired. */
export async function findUsableKey(
  sql: Reader,
  keyHash: Uint8Array,
  at: Date,
): Promise<UsableKey | undefined> {
  const [key] = await sql<UsableKey[]>`
    select ${keyColumns(sql)}, users.roles, users.tier
    from api_keys join users on users.id = owner_id
    where key_hash = ${keyHash} and (expires_at is null or expires_at > ${at})`;
  return key;
}

export async function insertApiKey(tx: Transaction, key: ApiKey, keyHash: Uint8Array): Promise<void> {
  await tx`
    insert into api_keys (id, owner_id, name, key_hash, last_four, scopes, created_at, expires_at)
    values (${key.id}, ${key.ownerId}, ${key.name}, ${keyHash}, ${key.lastFour}, ${[...key.scopes]},
      ${key.createdAt}, ${key.expiresAt})`;
}

/** Brings the end forward, never back. */
export async function shortenApiKey(tx: Transaction, id: string, until: Date): Promise<void> {
  await tx`
    update api_keys set expires_at = least(coalesce(expires_at, 'infinity'), ${until}) where id = ${id}`;
}

/** At most once a minute, so that a busy key is no hot row. */
export async function noteUse(sql: Sql, id: string, at: Date): Promise<void> {
  await sql`
    update api_keys set last_used_at = ${at}
    where id = ${id} and (last_used_at is null or last_used_at < ${new Date(at.getTime() - 60_000)})`;
}

export async function deleteApiKeyRow(tx: Transaction, id: string, ownerId: string): Promise<boolean> {
  const { count } = await tx`delete from api_keys where id = ${id} and owner_id = ${ownerId}`;
  return count === 1;
}

/** Keys that ended long ago say nothing to anybody. */
export async function deleteExpiredKeys(tx: Transaction, ownerId: string, before: Date): Promise<void> {
  await tx`delete from api_keys where owner_id = ${ownerId} and expires_at < ${before}`;
}
