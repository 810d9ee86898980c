import { type AuditedOrder, isSold, type Stores } from "./audited-order.ts";
import type { Findings } from "./findings.ts";

/** What notification-service reacts to. */
const consumed = [
  "ecotrack.user.registered.v1",
  "ecotrack.order.confirmed.v1",
  "ecotrack.order.cancelled.v1",
];

/**
 * Every event leaves its outbox and is claimed once by who reacts to it, or lies among the dead letters, which counts as
 * wrong here; and each order told once of each of its statuses.
 */
export async function auditEvents(
  stores: Stores,
  orders: readonly AuditedOrder[],
  { expect }: Findings,
): Promise<void> {
  for (const [name, sql] of Object.entries(stores)) {
    const [row] = await sql<{ waiting: number; dead: number }[]>`
      select (select count(*) from outbox where published_at is null and created_at < now() - interval '10 s') as waiting,
             (select count(*) from dead_letters where replayed_at is null) as dead`;
    const { waiting = 0, dead = 0 } = row ?? {};
    expect(waiting + dead === 0, () => `${name}: ${waiting} events wait, ${dead} are dead`);
  }
  const told = await readTold(stores);
  for (const order of orders) {
    if (order.underWay) continue;
    const of = (type: string) => told.get(`${order.id} ecotrack.order.${type}.v1`) ?? 0;
    const { id, status } = order;
    expect(of("created") === 1, () => `order ${id} was told created ${of("created")} times`);
    expect(of("confirmed") <= 1, () => `order ${id} was told confirmed ${of("confirmed")} times`);
    if (isSold(order))
      expect(of("confirmed") === 1, () => `order ${id} is ${status} and was not told confirmed`);
    const cancellations = status === "cancelled" ? 1 : 0;
    expect(
      of("cancelled") === cancellations,
      () => `order ${id} is ${status} and was told cancelled ${of("cancelled")} times`,
    );
  }
  await auditClaims(stores, { expect });
}

/** How often each order told of each type. */
async function readTold({ order }: Stores): Promise<Map<string, number>> {
  const rows = await order<{ key: string; type: string; times: number }[]>`
    select key, payload::json ->> 'type' as type, count(*) as times from outbox group by 1, 2`;
  return new Map(rows.map(({ key, type, times }) => [`${key} ${type}`, times]));
}

async function auditClaims(stores: Stores, { expect }: Pick<Findings, "expect">): Promise<void> {
  const claims = await stores.notification<{ id: string }[]>`
    select event_id as id from inbox union select event_id from dead_letters`;
  const claimed = new Set(claims.map(({ id }) => id));
  for (const about of ["order", "user"] as const) {
    const sql = stores[about];
    const published = await sql<{ id: string; key: string; type: string }[]>`
      select event_id as id, key, payload::json ->> 'type' as type from outbox
      where payload::json ->> 'type' = any(${consumed}) and published_at < now() - interval '5 s'`;
    for (const { id, key, type } of published) {
      expect(claimed.has(id), () => `${about} ${key}: ${type} ${id} was published and nobody claimed it`);
    }
  }
}
