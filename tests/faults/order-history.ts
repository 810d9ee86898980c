import { openDatabase } from "#mesh/postgres/open-database";
import type { Sql } from "#mesh/postgres/sql";
import { createLog } from "#observability/log";
import type { AuditedSystem } from "../audit.ts";
import type { Purchase } from "./purchase.ts";

/** Everything that is known of one order, in all stores, in lines to read. */
export async function orderHistory(
  id: string,
  { databases }: Pick<AuditedSystem, "databases">,
  purchase: Purchase | undefined,
): Promise<string[]> {
  const log = createLog({ service: "prove", level: "silent" });
  const from = async (url: string, read: (sql: Sql) => Promise<readonly object[]>) => {
    const sql = openDatabase({ url, max: 1, applicationName: "prove", log });
    try {
      return (await read(sql)).map((row) => JSON.stringify(row));
    } catch (error) {
      return [`cannot be read: ${(error as Error).message}`];
    } finally {
      await sql.end();
    }
  };
  const titled = (title: string, rows: readonly string[]) => rows.map((row) => `${title.padEnd(14)} ${row}`);
  const parts = [
    titled(
      "order",
      await from(
        databases.order,
        (sql) => sql`
      select o.status, o.total_amount, o.payment_id, o.cancel_reason, o.created_at, s.step, s.lease, s.due_at, s.attempts
      from orders o join sagas s on s.order_id = o.id where o.id = ${id}`,
      ),
    ),
    titled(
      "history",
      await from(
        databases.order,
        (sql) => sql`
      select at, kind, name, outcome, attempt, detail from order_history where order_id = ${id} order by id`,
      ),
    ),
    titled(
      "reservation",
      await from(
        databases.product,
        (sql) => sql`
      select status, product_ids, quantities, created_at, updated_at, expires_at from reservations where order_id = ${id}`,
      ),
    ),
    titled(
      "payment",
      await from(
        databases.payment,
        (sql) => sql`
      select id, status, amount, refunded, refunding, provider_reference, cancel_reason, attempts, claimed_until,
        next_attempt_at, created_at, updated_at from payments where order_id = ${id}`,
      ),
    ),
    titled(
      "ledger",
      await from(
        databases.payment,
        (sql) => sql`
      select l.kind, l.amount, l.booked_at from ledger l join payments p on p.id = l.payment_id
      where p.order_id = ${id} order by l.id`,
      ),
    ),
    titled(
      "refund",
      await from(
        databases.payment,
        (sql) => sql`
      select r.status, r.amount, r.origin, r.attempts, r.created_at, r.updated_at from refunds r
      join payments p on p.id = r.payment_id where p.order_id = ${id}`,
      ),
    ),
    titled(
      "dispute",
      await from(
        databases.payment,
        (sql) => sql`
      select d.id, d.status, d.amount, d.opened_at, d.updated_at from disputes d
      join payments p on p.id = d.payment_id where p.order_id = ${id}`,
      ),
    ),
    titled(
      "event",
      await from(
        databases.order,
        (sql) => sql`
      select event_id, type, published_at from outbox_events where key = ${id} order by event_id`,
      ),
    ),
    titled(
      "notification",
      await from(
        databases.notification,
        (sql) => sql`
      select id, type, status, attempts, reason, due_at, created_at, sent_at from notifications where order_id = ${id}`,
      ),
    ),
    titled("buyer", purchase ? [`${purchase.payment.token}, key ${purchase.key}`, ...purchase.tries] : []),
  ];
  return parts.flat();
}
