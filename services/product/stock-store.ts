import type { CloudEvent } from "#mesh/events/cloud-event";
import { productTopic } from "#mesh/events/product-events";
import type { Reader, Sql, Transaction } from "#mesh/postgres/sql";
import {
  type ConfirmRefusal,
  type HoldRefusal,
  type Item,
  mergeItems,
  type Shortage,
  type StockLevel,
} from "./reservation.ts";

export interface Held {
  readonly expiresAt: Date;
  /** What is left of each product, in the order of the items; null when the hold was there already. */
  readonly remaining: readonly number[] | null;
}

/** What an order asks to be set aside: `items` merged and sorted, until when. */
export interface Hold {
  readonly orderId: string;
  readonly items: readonly Item[];
  readonly until: Date;
}

interface HoldRow {
  order_id: string;
  outcome: "held" | "short" | "released" | "mismatch";
  held_until: Date;
  remaining: number[] | null;
  missing: Shortage[] | null;
}

/**
 * Takes the items of each order out of what is free to sell, all of its items or none. Idempotent by order.
 * It writes and still takes `sql`: the one statement is its own transaction, which saves two round trips.
 */
export async function holdStocks(
  sql: Sql,
  holds: readonly Hold[],
  now: Date,
): Promise<(Held | HoldRefusal)[]> {
  const byId = new Map<string, Hold>();
  const repeats: Hold[] = [];
  for (const hold of holds) {
    const id = hold.orderId.toLowerCase();
    if (byId.has(id)) repeats.push(hold);
    else byId.set(id, hold);
  }
  const given = [...byId].sort(byKey).map(([id, { items, until }]) => ({
    id,
    products: items.map(({ productId }) => productId),
    quantities: items.map(({ quantity }) => quantity),
    until,
  }));
  const taken = mergeItems([...byId.values()].flatMap(({ items }) => items));
  const rows = await sql<HoldRow[]>`
    select order_id, outcome, held_until, remaining, missing from hold_stocks(
      ${JSON.stringify(given)}::text::json, ${given.map(({ id }) => id)}::uuid[],
      ${taken.map(({ productId }) => productId)}::uuid[], ${taken.map(({ quantity }) => quantity)}::int[], ${now})`;
  const outcomes = byOrder(rows);
  // What repeats an order, perhaps with other items, is judged by what the first one has left.
  const later = repeats.length > 0 ? await holdStocks(sql, repeats, now) : [];
  return holds.map((hold) =>
    repeats.includes(hold) ? (later[repeats.indexOf(hold)] as Held) : toHeld(outcomes(hold.orderId)),
  );
}

const byKey = ([one]: readonly [string, unknown], [other]: readonly [string, unknown]) =>
  one < other ? -1 : 1;

function toHeld(row: HoldRow): Held | HoldRefusal {
  if (row.outcome === "held") return { expiresAt: row.held_until, remaining: row.remaining };
  if (row.outcome === "short") return { refused: "insufficient-stock", short: row.missing ?? [] };
  return { refused: row.outcome === "released" ? "reservation-released" : "reservation-mismatch" };
}

/** Finds the row of an order; one that was given twice is in it once. */
function byOrder<Row extends { order_id: string }>(rows: readonly Row[]): (orderId: string) => Row {
  const known = new Map(rows.map((row) => [row.order_id, row]));
  return (orderId) => {
    const row = known.get(orderId.toLowerCase());
    if (row === undefined) throw new Error(`The database gave no outcome for order ${orderId}`);
    return row;
  };
}

interface StockRow {
  outcome: string;
  product: string | null;
  free: number;
  set_aside: number;
}

const confirmRefusals: Record<string, ConfirmRefusal> = {
  unknown: { refused: "reservation-not-found" },
  expired: { refused: "reservation-expired" },
  released: { refused: "reservation-released" },
};

/** An order whose hold becomes a sale, with the event of that, which lacks what only the database knows. */
export interface Confirm {
  readonly orderId: string;
  readonly event: CloudEvent;
}

/**
 * Turns holds into sales, with the events of the stock that changed. Idempotent by order: `sold` is false when it was
 * confirmed before. One statement, a transaction of its own.
 */
export async function confirmReservations(
  sql: Sql,
  confirms: readonly Confirm[],
  now: Date,
): Promise<({ readonly sold: boolean } | ConfirmRefusal)[]> {
  const events = [
    ...new Map(confirms.map(({ orderId, event }) => [orderId.toLowerCase(), envelope(event)])),
  ].sort(byKey);
  const rows = await sql<{ order_id: string; outcome: string }[]>`
    select order_id, outcome from confirm_reservations(
      ${events.map(([id]) => id)}::uuid[], ${events.map(([, event]) => event)}::text[], ${now}, ${productTopic})`;
  const outcomes = byOrder(rows);
  return confirms.map(({ orderId }) => {
    const { outcome } = outcomes(orderId);
    return confirmRefusals[outcome] ?? { sold: outcome === "confirmed" };
  });
}

/** An event without what `confirm_reservations` puts in. */
const envelope = (event: CloudEvent): string =>
  JSON.stringify({ ...event, id: undefined, subject: undefined, data: undefined });

/** Gives back what the order holds or has bought; an unknown order is remembered, so that a late hold is refused. */
export async function releaseReservation(
  tx: Transaction,
  orderId: string,
  now: Date,
): Promise<{ readonly wasSold: boolean; readonly levels: StockLevel[] }> {
  const rows = await tx<StockRow[]>`select * from release_reservation(${orderId}, ${now})`;
  return { wasSold: rows.some((row) => row.outcome === "restocked"), levels: levels(rows) };
}

/** Ends at most `limit` holds that are overdue and returns how many. One statement, so `sql` will do. */
export async function expireReservations(sql: Sql, now: Date, limit: number): Promise<number> {
  const [row] = await sql<{ expired: number }[]>`select expire_reservations(${now}, ${limit}) as expired`;
  return row?.expired ?? 0;
}

/** A product starts with what was delivered first. */
export async function insertStocks(tx: Transaction, stocks: readonly InitialStock[]): Promise<void> {
  const ids = stocks.map((each) => each.productId);
  const amounts = stocks.map((each) => each.onHand);
  await tx`
    with delivered as (
      insert into stock (product_id, on_hand, delivered)
      select id, amount, amount from unnest(${ids}::uuid[], ${amounts}::int[]) as s (id, amount)
      returning product_id, delivered
    )
    insert into deliveries (product_id, pieces) select product_id, delivered from delivered`;
}

export interface InitialStock {
  readonly productId: string;
  readonly onHand: number;
}

/** `onHand` says what a count in the warehouse found; `delivered` adds to what is there. */
export type StockChange = { readonly onHand: number } | { readonly delivered: number };

/** Nothing of a product that was taken out of the shop can be held any more. */
export async function endSale(tx: Transaction, productId: string): Promise<void> {
  await tx`update stock set for_sale = false where product_id = ${productId}`;
}

/** Undefined for a product that has no stock, which means that there is no such product. */
export async function changeStock(
  tx: Transaction,
  productId: string,
  change: StockChange,
): Promise<StockLevel | undefined> {
  const by = "onHand" in change ? tx`${change.onHand}::int - on_hand` : tx`${change.delivered}::int`;
  const [row] = await tx<StockLevel[]>`
    with changed as (
      update stock set on_hand = on_hand + (${by}), delivered = delivered + (${by})
      where product_id = ${productId}
      returning product_id, on_hand, reserved, new.delivered - old.delivered as pieces
    ), noted as (
      insert into deliveries (product_id, pieces) select product_id, pieces from changed where pieces <> 0
    )
    select product_id as "productId", on_hand as "onHand", reserved from changed`;
  return row;
}

/** How the reservations of these orders stand; an order that never asked for one has none. */
export async function findReservations(
  sql: Reader,
  orderIds: readonly string[],
): Promise<{ orderId: string; status: string }[]> {
  const rows = await sql<{ orderId: string; status: string }[]>`
    select order_id as "orderId", status from reservations where order_id = any (${orderIds}::uuid[])`;
  return [...rows];
}

/** Pieces that are free to sell, by product id. */
export async function findAvailable(sql: Reader, ids: readonly string[]): Promise<Map<string, number>> {
  const rows = await sql<{ product_id: string; on_hand: number }[]>`
    select product_id, on_hand from stock where product_id = any (${ids}::uuid[])`;
  return new Map(rows.map((row) => [row.product_id, row.on_hand]));
}

const levels = (rows: readonly StockRow[]): StockLevel[] =>
  rows.flatMap(({ product, free, set_aside }) =>
    product === null ? [] : [{ productId: product, onHand: free, reserved: set_aside }],
  );
