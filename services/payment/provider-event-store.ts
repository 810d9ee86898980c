import type { Sql, Transaction } from "#mesh/postgres/sql";

/** Longer than any provider goes on delivering (Stripe: three days). */
const keptDays = 30;

/** True for the first to bring this event; its effect belongs in the same transaction. */
export async function claimProviderEvent(tx: Transaction, id: string, type: string): Promise<boolean> {
  const rows = await tx`
    insert into provider_events (id, type) values (${id}, ${type}) on conflict (id) do nothing returning id`;
  return rows.length === 1;
}

export async function deleteOldEvents(sql: Sql): Promise<void> {
  await sql`delete from provider_events where applied_at < now() - make_interval(days => ${keptDays})`;
}
