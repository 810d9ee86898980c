import { setTimeout as wait } from "node:timers/promises";
import { openDatabase } from "#mesh/postgres/open-database";
import type { Sql } from "#mesh/postgres/sql";
import { createLog } from "#observability/log";
import { type Audit, type AuditedSystem, audit } from "../audit.ts";

export interface Settled {
  readonly audit: Audit;
  /** From the call until the last order was final, in ms; undefined when some never were. */
  readonly finalAfterMs: number | undefined;
  /** From the call until nothing was left to do or the time was over. */
  readonly quietAfterMs: number;
  /** Orders that were not final in time. */
  readonly unsettled: readonly string[];
}

export interface SettleOptions {
  /** Within that every order has to be final, in ms. */
  readonly finalWithinMs: number;
  /** Then that long for what nobody waits for: mails whose sender died are sent again when its claim has run out. */
  readonly quietWithinMs: number;
}

/** Waits for the system to come to rest and audits it. */
export async function settle(system: AuditedSystem, options: SettleOptions): Promise<Settled> {
  const log = createLog({ service: "prove", level: "silent" });
  const sql = openDatabase({ url: system.databases.order, max: 1, applicationName: "prove", log });
  const began = performance.now();
  const passed = () => performance.now() - began;
  try {
    let open = await openOrders(sql);
    while (open.length > 0 && passed() < options.finalWithinMs) {
      await wait(200);
      open = await openOrders(sql);
    }
    const finalAfterMs = open.length === 0 ? passed() : undefined;
    const deadline = passed() + (open.length === 0 ? options.quietWithinMs : 5000);
    let found = await audit(system);
    while (found.violations.length > 0 && passed() < deadline) {
      await wait(1000);
      found = await audit(system);
    }
    return { audit: found, finalAfterMs, quietAfterMs: passed(), unsettled: open };
  } finally {
    await sql.end();
  }
}

async function openOrders(sql: Sql): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select order_id as id from sagas where due_at is not null
    union select id from orders where status = 'pending'`;
  return rows.map(({ id }) => id);
}
