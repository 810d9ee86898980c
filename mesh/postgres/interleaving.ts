import { eventually } from "../eventually.ts";
import type { Sql, Transaction } from "./sql.ts";

/**
 * Makes the given acts meet at a lock, in the order given, whatever the scheduler would have done: `lock` takes it, each act
 * is begun when the one before it waits for it, then it is let go. PostgreSQL serves those that wait in their order.
 * For tests, on a database of its own.
 * @returns what each act gave
 */
export async function meetAtLock<const T extends readonly (() => Promise<unknown>)[]>(
  sql: Sql,
  lock: (tx: Transaction) => Promise<unknown>,
  acts: T,
): Promise<{ [Act in keyof T]: Awaited<ReturnType<T[Act]>> }> {
  const begun: Promise<unknown>[] = [];
  await sql.begin(async (tx) => {
    await lock(tx);
    for (const act of acts) {
      const running = act();
      // It is awaited below; until then a failure is not unhandled.
      running.catch(() => {});
      begun.push(running);
      await eventually(async () => (await waiting(tx)) >= begun.length || undefined);
    }
  });
  return (await Promise.all(begun)) as { [Act in keyof T]: Awaited<ReturnType<T[Act]>> };
}

async function waiting(tx: Transaction): Promise<number> {
  // Within a transaction the view is read once, unless it is told to forget.
  await tx`select pg_stat_clear_snapshot()`;
  const [row] = await tx<{ count: number }[]>`
    select count(*)::int as count from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`;
  return row?.count ?? 0;
}
