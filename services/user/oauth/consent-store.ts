import type { Scope } from "#mesh/identity/scopes";
import type { Reader, Transaction } from "#mesh/postgres/sql";

/** What a person allowed a client before. */
export async function findConsent(sql: Reader, userId: string, clientId: string): Promise<readonly string[]> {
  const [found] = await sql<{ scopes: string[] }[]>`
    select scopes from oauth_consents where user_id = ${userId} and client_id = ${clientId}`;
  return found?.scopes ?? [];
}

/** Adds to what was allowed before. */
export async function saveConsent(
  tx: Transaction,
  { userId, clientId, scopes, at }: { userId: string; clientId: string; scopes: readonly Scope[]; at: Date },
): Promise<void> {
  await tx`
    insert into oauth_consents (user_id, client_id, scopes, given_at)
    values (${userId}, ${clientId}, ${[...scopes]}, ${at})
    on conflict (user_id, client_id) do update
    set scopes = array(select distinct unnest(oauth_consents.scopes || excluded.scopes) order by 1),
      given_at = excluded.given_at`;
}

export interface Consent {
  readonly clientId: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly givenAt: Date;
}

export const listConsents = (sql: Reader, userId: string): Promise<Consent[]> =>
  sql<Consent[]>`
    select client_id as "clientId", name, c.scopes, given_at as "givenAt"
    from oauth_consents c join oauth_clients on oauth_clients.id = client_id
    where user_id = ${userId} order by given_at desc`;

export async function deleteConsent(tx: Transaction, userId: string, clientId: string): Promise<boolean> {
  const { count } =
    await tx`delete from oauth_consents where user_id = ${userId} and client_id = ${clientId}`;
  return count === 1;
}
