import type { Sql, Transaction } from "#mesh/postgres/sql";
import type { GatewayName } from "./payment-gateway.ts";

/** Longer than any provider goes on delivering (Stripe: three days). */
const keptDays = 30;

/** True for the first to bring this event; its effect belongs in the same transaction. */
export async function claimProviderEvent(
  tx: Transaction,
  gateway: GatewayName,
  id: string,
  type: string,
): Promise<boolean> {
  const rows = await tx`
    insert into provider_events (gateway, id, type) values (${gateway}, ${id}, ${type})
    on conflict (gateway, id) do nothing returning id`;
  return rows.length === 1;
}

export async function deleteOldEvents(sql: Sql): Promise<void> {
  await sql`delete from provider_events where applied_at < now() - make_interval(days => ${keptDays})`;
}
