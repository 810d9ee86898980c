import { isAdmin, type UserCaller } from "#mesh/identity/caller";
import type { Sql } from "#mesh/postgres/sql";
import { listHistory, type StoredEntry } from "./history-store.ts";
import type { Order, OrderStatus } from "./order.ts";
import { findOrder, listOrders } from "./order-store.ts";

export type ReadRefusal = { readonly refused: "order-not-found" } | { readonly refused: "not-yours" };

/** Somebody else's order is not there at all, except for an admin. */
export const mayRead = (caller: UserCaller, { userId }: Pick<Order, "userId">): boolean =>
  userId === caller.userId || isAdmin(caller);

export async function readOrder(sql: Sql, caller: UserCaller, id: string): Promise<Order | ReadRefusal> {
  const order = await findOrder(sql, id);
  return order && mayRead(caller, order) ? order : { refused: "order-not-found" };
}

export interface OrderSelection {
  readonly userId?: string;
  /** Instead of one person's. */
  readonly scope?: "all";
  readonly status?: OrderStatus;
  /** The last order of the page before. */
  readonly before?: string;
  readonly limit: number;
}

/** One page of orders, the newest first, and whether there are more. */
export async function readOrders(
  sql: Sql,
  caller: UserCaller,
  { userId = caller.userId, scope, limit, ...selection }: OrderSelection,
): Promise<{ orders: Order[]; more: boolean } | ReadRefusal> {
  if ((scope || userId !== caller.userId) && !isAdmin(caller)) return { refused: "not-yours" };
  const whose = scope ? undefined : userId;
  const found = await listOrders(sql, { ...selection, userId: whose, limit: limit + 1 });
  return { orders: found.slice(0, limit), more: found.length > limit };
}

/** One page of what happened to an order, the oldest first. The first page begins with its placing. */
export async function readHistory(
  sql: Sql,
  caller: UserCaller,
  { id, after, limit }: { id: string; after: number; limit: number },
): Promise<{ entries: StoredEntry[]; more: boolean } | ReadRefusal> {
  const order = await readOrder(sql, caller, id);
  if ("refused" in order) return order;
  const forOwner = !isAdmin(caller);
  const found = await listHistory(sql, { orderId: id, after, limit: limit + 1, forOwner });
  const entries = found.slice(0, limit);
  const told = entries.map(forOwner ? toldToOwner : toldToAdmin);
  // An order from before its placing was noted has no entry for it.
  const isComplete = after > 0 || told[0]?.name === "pending";
  const placed: StoredEntry = { id: 0, at: order.createdAt, kind: "status", name: "pending" };
  return { entries: isComplete ? told : [placed, ...told], more: found.length > limit };
}

/** How our services talk to each other is not for the owner, nor who of our staff did something. */
function toldToOwner({ data: _inner, detail, ...entry }: StoredEntry): StoredEntry {
  const isInner = entry.kind === "step" && entry.outcome === "unknown";
  return isInner || detail === undefined ? entry : { ...entry, detail };
}

function toldToAdmin({ data, ...entry }: StoredEntry): StoredEntry & { by?: string } {
  const { by } = (data ?? {}) as { by?: string };
  return by === undefined ? entry : { ...entry, by };
}
