import type { Sql } from "#mesh/postgres/sql";
import type { Outcome } from "./saga.ts";
import type { HistoryEntry } from "./saga-run.ts";

export interface StoredEntry extends HistoryEntry {
  readonly id: number;
}

export interface HistoryPart {
  readonly orderId: string;
  readonly after: number;
  readonly limit: number;
  /** Without what is between operators. */
  readonly forOwner?: boolean;
}

/** What happened to an order after it was placed, the oldest first, from after the entry `after`. */
export async function listHistory(
  sql: Sql,
  { orderId, after, limit, forOwner = false }: HistoryPart,
): Promise<StoredEntry[]> {
  const rows = await sql<
    {
      id: number;
      at: Date;
      kind: HistoryEntry["kind"];
      name: string;
      outcome: Outcome["kind"] | null;
      attempt: number | null;
      detail: string | null;
      data: unknown;
    }[]
  >`
    select id, at, kind, name, outcome, attempt, detail, data from order_history
    where order_id = ${orderId} and id > ${after}
      ${forOwner ? sql`and (kind, name) not in (('decision', 'retry'), ('decision', 'abandon'))` : sql``}
    order by id limit ${limit}`;
  return rows.map(({ id, at, kind, name, outcome, attempt, detail, data }) => ({
    id,
    at,
    kind,
    name,
    ...(outcome && { outcome }),
    ...(attempt !== null && { attempt }),
    ...(detail !== null && { detail }),
    ...(data !== null && { data }),
  }));
}
