import type { Sql } from "#mesh/postgres/sql";
import { type AuditedOrder, isSold, type Stores } from "./audited-order.ts";
import { auditBusOrder, type BusReader, type Written } from "./bus-order.ts";
import type { Findings } from "./findings.ts";

/** What notification-service reacts to. */
const consumed = new Set([
  "ecotrack.user.registered.v1",
  "ecotrack.order.confirmed.v1",
  "ecotrack.order.cancelled.v1",
]);

interface Told {
  readonly id: string;
  readonly key: string;
  readonly type: string;
  /** Long enough ago for whoever reacts to it. */
  readonly published: boolean;
}

/**
 * Every event leaves its outbox and is claimed once by who reacts to it, or lies among the dead letters, which counts as
 * wrong here; and each order told once of each of its statuses.
 */
export async function auditEvents(
  stores: Stores,
  orders: readonly AuditedOrder[],
  { bus, writesRecorded = false }: { readonly bus?: BusReader; readonly writesRecorded?: boolean },
  { expect }: Findings,
): Promise<void> {
  for (const [name, sql] of Object.entries(stores)) {
    const [row] = await sql<{ waiting: number; dead: number }[]>`
      select (select count(*) from outbox where created_at < now() - interval '10 s') as waiting,
             (select count(*) from dead_letters where replayed_at is null) as dead`;
    const { waiting = 0, dead = 0 } = row ?? {};
    expect(waiting + dead === 0, () => `${name}: ${waiting} events wait, ${dead} are dead`);
  }
  if (bus) await auditBus(stores, { bus, writesRecorded }, { expect });
  const told = await readTold(stores.order);
  auditStatuses(told, orders, { expect });
  const claims = await stores.notification<{ id: string }[]>`
    select event_id as id from inbox union select event_id from dead_letters`;
  const claimed = new Set(claims.map(({ id }) => id));
  const all = { order: told, user: await readTold(stores.user) };
  for (const [about, events] of Object.entries(all)) {
    for (const { id, key, type, published } of events) {
      if (!published || !consumed.has(type)) continue;
      expect(claimed.has(id), () => `${about} ${key}: ${type} ${id} was published and nobody claimed it`);
    }
  }
}

/** Nothing counts as published that is not on the bus, and what is there is what was written, in its order. */
async function auditBus(
  stores: Stores,
  { bus, writesRecorded }: { readonly bus: BusReader; readonly writesRecorded: boolean },
  { expect }: Pick<Findings, "expect">,
): Promise<void> {
  // Before the notes are read: what is on the bus by now is in them.
  const onBus = await bus();
  if (writesRecorded) auditBusOrder(await readWritten(stores), onBus, { expect });
  const there = new Set(onBus.map(({ id }) => id));
  for (const [about, sql] of Object.entries(stores)) {
    for (const { id, key, type, published } of await readTold(sql)) {
      if (published) {
        expect(
          there.has(id),
          () => `${about} ${key}: ${type} ${id} counts as published and is not on the bus`,
        );
      }
    }
  }
}

function auditStatuses(
  told: readonly Told[],
  orders: readonly AuditedOrder[],
  { expect }: Pick<Findings, "expect">,
): void {
  const times = new Map<string, number>();
  for (const { key, type } of told) times.set(`${key} ${type}`, (times.get(`${key} ${type}`) ?? 0) + 1);
  for (const order of orders) {
    if (order.underWay) continue;
    const of = (type: string) => times.get(`${order.id} ecotrack.order.${type}.v1`) ?? 0;
    const { id, status } = order;
    expect(of("created") === 1, () => `order ${id} was told created ${of("created")} times`);
    expect(of("confirmed") <= 1, () => `order ${id} was told confirmed ${of("confirmed")} times`);
    if (isSold(order)) {
      expect(of("confirmed") === 1, () => `order ${id} is ${status} and was not told confirmed`);
    }
    const cancellations = status === "cancelled" ? 1 : 0;
    expect(
      of("cancelled") === cancellations,
      () => `order ${id} is ${status} and was told cancelled ${of("cancelled")} times`,
    );
  }
}

async function readWritten(stores: Stores): Promise<Written[]> {
  const of = await Promise.all(
    Object.entries(stores).map(async ([about, sql]) => {
      const rows = await sql<Omit<Written, "about">[]>`
        select event_id as id, key, min(position) as position, min(digest) as digest
        from outbox_written group by event_id, key`;
      return rows.map((row) => ({ ...row, about }));
    }),
  );
  return of.flat();
}

/** All events of the last days. */
const readTold = (sql: Sql) => sql<Told[]>`
  select event_id as id, key, type, coalesce(published_at < now() - interval '5 s', false) as published
  from outbox_events`;
