import type { Reader, Sql, Transaction } from "#mesh/postgres/sql";
import type { Answer } from "./saga-run.ts";

/** What is known of a key: for which request it was used, and what was answered, if anything yet. */
export interface KnownKey {
  readonly fingerprint: Uint8Array;
  readonly answer: Answer | undefined;
}

export async function findKey(sql: Reader, userId: string, key: string): Promise<KnownKey | undefined> {
  const [row] = await sql<{ fingerprint: Uint8Array; status: number | null; body: string | null }[]>`
    select fingerprint, answer_status as status, answer_body as body
    from idempotency_keys where user_id = ${userId} and key = ${key}`;
  if (!row) return undefined;
  const { fingerprint, status, body } = row;
  return { fingerprint, answer: status === null || body === null ? undefined : { status, body } };
}

/** Makes `answer` the answer to the key, unless there is one; gives the one that counts. */
export async function settleAnswer(
  tx: Transaction,
  { userId, key, answer }: { userId: string; key: string; answer: Answer },
): Promise<Answer> {
  const rows = await tx`
    update idempotency_keys set answer_status = ${answer.status}, answer_body = ${answer.body}
    where user_id = ${userId} and key = ${key} and answer_status is null returning 1`;
  if (rows.length > 0) return answer;
  return (await findKey(tx, userId, key))?.answer ?? answer;
}

/** Forgets keys after 24 hours. */
export async function pruneKeys(sql: Sql): Promise<void> {
  await sql`delete from idempotency_keys where created_at < now() - interval '24 hours'`;
}
