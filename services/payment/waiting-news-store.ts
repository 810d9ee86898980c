import type { Sql } from "#mesh/postgres/sql";
import type { GatewayName } from "./payment-gateway.ts";
import type { ProviderNews } from "./provider-news.ts";

/** So many wait at once at most; whoever brings more is asked to come again. */
const mostWaiting = 10_000;
/** As long as the providers themselves go on delivering what nobody takes. */
const keptDays = 3;

export interface WaitingNews extends ProviderNews {
  readonly gateway: GatewayName;
}

/** Keeps news to be taken up again, once however often it comes; false when too much waits already. */
export async function keepWaiting(
  sql: Sql,
  { gateway, id, type, object }: WaitingNews,
  most = mostWaiting,
): Promise<boolean> {
  const rows = await sql`
    with kept as (
      insert into waiting_news (gateway, id, type, object)
      select ${gateway}, ${id}, ${type}, ${JSON.stringify(object)}
      where (select count(*) from waiting_news) < ${most}
      on conflict (gateway, id) do nothing
      returning id
    )
    select id from kept union select id from waiting_news where gateway = ${gateway} and id = ${id}`;
  return rows.length === 1;
}

/**
 * Takes news whose time has come. The next time is set at once, and is as far away as the news is old, from two seconds to
 * an hour: who takes it may die, and nothing is late by more than its own age. Two processes never get the same.
 */
export async function claimDueNews(sql: Sql, limit: number): Promise<WaitingNews[]> {
  const rows = await sql<(Omit<WaitingNews, "object"> & { readonly object: string })[]>`
    update waiting_news set
      next_attempt_at = now() + least(interval '1 hour', greatest(interval '2 seconds', now() - received_at))
    where (gateway, id) in (
      select gateway, id from waiting_news where next_attempt_at <= now()
      order by next_attempt_at limit ${limit} for update skip locked
    )
    returning gateway, id, type, object`;
  return rows.map((row) => ({ ...row, object: JSON.parse(row.object) as unknown }));
}

export async function dropNews(
  sql: Sql,
  { gateway, id }: Pick<WaitingNews, "gateway" | "id">,
): Promise<void> {
  await sql`delete from waiting_news where gateway = ${gateway} and id = ${id}`;
}

/** Gives up what nobody could judge in all that time. @returns what that was */
export async function dropOldNews(sql: Sql): Promise<Pick<WaitingNews, "gateway" | "id" | "type">[]> {
  return await sql<Pick<WaitingNews, "gateway" | "id" | "type">[]>`
    delete from waiting_news where received_at < now() - make_interval(days => ${keptDays})
    returning gateway, id, type`;
}
