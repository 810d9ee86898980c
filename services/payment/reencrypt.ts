import type { Sql } from "#mesh/postgres/sql";
import { appendAudit, auditEntry } from "./audit-log.ts";
import type { Keyring } from "./keyring.ts";
import { openColumn, placeOf, type SealedColumn, sealedColumns } from "./sealed-columns.ts";

const atOnce = 500;

/**
 * Seals with the key in use what older keys sealed, and what was never sealed, while the service runs: a row that
 * changes meanwhile is left to whoever changes it. Running it again finds nothing.
 * @returns how many values were sealed anew, by column
 * @throws when a key is missing from the ring, naming it
 */
export async function reencrypt(
  sql: Sql,
  keyring: Keyring,
  now: () => Date,
): Promise<Record<SealedColumn, number>> {
  const done = { card_token: 0, next_action_url: 0, payer_reference: 0 };
  for (const column of sealedColumns) done[column] = await reencryptColumn(sql, keyring, column);
  if (Object.values(done).some((count) => count > 0)) {
    const key = keyring.currentPrefix.split(".")[1];
    await appendAudit(sql, auditEntry(now(), "keys-rotated", null, { key, ...done }));
  }
  return done;
}

async function reencryptColumn(sql: Sql, keyring: Keyring, column: SealedColumn): Promise<number> {
  let count = 0;
  let after = "00000000-0000-0000-0000-000000000000";
  for (;;) {
    const rows = await sql<{ id: string; old: string }[]>`
      select id, ${sql(column)} as old from payments
      where id > ${after} and ${sql(column)} is not null and not starts_with(${sql(column)}, ${keyring.currentPrefix})
      order by id limit ${atOnce}`;
    const last = rows.at(-1);
    if (last === undefined) return count;
    after = last.id;
    const renewed = rows.map(({ id, old }) =>
      keyring.seal(openColumn(keyring, id, column, old), placeOf(id, column)),
    );
    const changed = await sql`
      update payments set ${sql(column)} = renewed.text
      from unnest(${rows.map(({ id }) => id)}::uuid[], ${rows.map(({ old }) => old)}::text[], ${renewed}::text[])
        as renewed (id, old, text)
      where payments.id = renewed.id and payments.${sql(column)} = renewed.old returning payments.id`;
    count += changed.length;
  }
}
