import { isDeepStrictEqual } from "node:util";
import type { Sql } from "#mesh/postgres/sql";
import { listHistory, type StoredEntry } from "./history-store.ts";
import type { Order } from "./order.ts";
import { findOrder } from "./order-store.ts";
import { type RebuildRefusal, rebuildOrder } from "./rebuild-order.ts";

export interface Replay {
  readonly history: readonly StoredEntry[];
  readonly rebuilt: Order;
  /** The fields in which the row says something else; none when the history tells the whole truth. */
  readonly differences: readonly {
    readonly field: string;
    readonly rebuilt: unknown;
    readonly row: unknown;
  }[];
}

const everything = 1_000_000;

/** Rebuilds an order from its history alone and compares it with its row. */
export async function replayOrder(
  sql: Sql,
  id: string,
): Promise<Replay | RebuildRefusal | { readonly refused: "order-not-found" }> {
  const row = await findOrder(sql, id);
  if (!row) return { refused: "order-not-found" };
  const history = await listHistory(sql, { orderId: id, after: 0, limit: everything });
  const rebuilt = rebuildOrder(id, history);
  if ("refused" in rebuilt) return rebuilt;
  return { history, rebuilt, differences: differencesOf(rebuilt, row) };
}

function differencesOf(rebuilt: Order, row: Order): Replay["differences"] {
  const fields = [...new Set([...Object.keys(rebuilt), ...Object.keys(row)])] as (keyof Order)[];
  return fields
    .filter((field) => !isDeepStrictEqual(plain(rebuilt[field]), plain(row[field])))
    .map((field) => ({ field, rebuilt: rebuilt[field], row: row[field] }));
}

/** As JSON has it: without fields that are undefined, times as text. */
const plain = (value: unknown): unknown =>
  value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
