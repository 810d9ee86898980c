import type { Reader, Transaction } from "#mesh/postgres/sql";
import type { ClientSecrets } from "./client-secret.ts";
import type { OAuthClient } from "./oauth-client.ts";

const clientColumns = (sql: Reader) => sql`
  id, owner_id as "ownerId", name, kind, redirect_uris as "redirectUris", scopes, tier, internal,
  created_at as "createdAt", updated_at as "updatedAt"`;

export async function findClient(sql: Reader, id: string): Promise<OAuthClient | undefined> {
  const [client] = await sql<OAuthClient[]>`select ${clientColumns(sql)} from oauth_clients where id = ${id}`;
  return client;
}

export type ClientWithSecrets = OAuthClient & ClientSecrets;

export async function findClientWithSecrets(sql: Reader, id: string): Promise<ClientWithSecrets | undefined> {
  const [client] = await sql<ClientWithSecrets[]>`
    select ${clientColumns(sql)}, secret_hash as "secretHash", previous_secret_hash as "previousSecretHash",
      previous_secret_until as "previousSecretUntil"
    from oauth_clients where id = ${id}`;
  return client;
}

export const listClients = (sql: Reader, ownerId: string): Promise<OAuthClient[]> =>
  sql<OAuthClient[]>`select ${clientColumns(sql)} from oauth_clients where owner_id = ${ownerId} order by id`;

/** The names to show beside what they were allowed. */
export const clientNames = (sql: Reader, ids: readonly string[]): Promise<{ id: string; name: string }[]> =>
  sql<{ id: string; name: string }[]>`select id, name from oauth_clients where id = any(${[...ids]})`;

export async function insertClient(
  tx: Transaction,
  client: OAuthClient,
  secretHash: Uint8Array | null,
): Promise<void> {
  await tx`
    insert into oauth_clients (id, owner_id, name, kind, redirect_uris, scopes, secret_hash, tier, internal,
      created_at, updated_at)
    values (${client.id}, ${client.ownerId}, ${client.name}, ${client.kind}, ${[...client.redirectUris]},
      ${[...client.scopes]}, ${secretHash}, ${client.tier}, ${client.internal}, ${client.createdAt},
      ${client.updatedAt})`;
}

/** The secret that was good until now stays good until `previousUntil`. @returns false without such a client */
export async function replaceSecret(
  tx: Transaction,
  { id, ownerId, secretHash, previousUntil, at }: SecretChange,
): Promise<boolean> {
  const { count } = await tx`
    update oauth_clients
    set previous_secret_hash = secret_hash, previous_secret_until = ${previousUntil}, secret_hash = ${secretHash},
      updated_at = ${at}
    where id = ${id} and owner_id = ${ownerId} and kind = 'confidential'`;
  return count === 1;
}

interface SecretChange {
  readonly id: string;
  readonly ownerId: string;
  readonly secretHash: Uint8Array;
  readonly previousUntil: Date;
  readonly at: Date;
}

export async function updateStanding(
  tx: Transaction,
  id: string,
  { tier, internal, at }: { tier: string | undefined; internal: boolean | undefined; at: Date },
): Promise<OAuthClient | undefined> {
  const [client] = await tx<OAuthClient[]>`
    update oauth_clients
    set tier = coalesce(${tier ?? null}, tier), internal = coalesce(${internal ?? null}, internal),
      updated_at = ${at}
    where id = ${id} and not (kind = 'public' and coalesce(${internal ?? null}, false))
    returning ${clientColumns(tx)}`;
  return client;
}

export async function deleteClientRow(tx: Transaction, id: string, ownerId: string): Promise<boolean> {
  const { count } = await tx`delete from oauth_clients where id = ${id} and owner_id = ${ownerId}`;
  return count === 1;
}
