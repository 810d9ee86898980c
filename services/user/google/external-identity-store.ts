import type { Reader, Transaction } from "#mesh/postgres/sql";

interface Identity {
  readonly issuer: string;
  readonly subject: string;
}

/** Whose account a provider's account signs in to. */
export async function findLinkedUser(
  sql: Reader,
  { issuer, subject }: Identity,
): Promise<string | undefined> {
  const [found] = await sql<{ userId: string }[]>`
    select user_id as "userId" from external_identities where issuer = ${issuer} and subject = ${subject}`;
  return found?.userId;
}

/** @returns false when the provider's account is linked already */
export async function linkIdentity(
  tx: Transaction,
  { issuer, subject }: Identity,
  { userId, at }: { userId: string; at: Date },
): Promise<boolean> {
  const { count } = await tx`
    insert into external_identities (issuer, subject, user_id, linked_at)
    values (${issuer}, ${subject}, ${userId}, ${at})
    on conflict (issuer, subject) do nothing`;
  return count === 1;
}
