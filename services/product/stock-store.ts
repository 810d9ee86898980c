import type { Reader, Sql, Transaction } from "#mesh/postgres/sql";
import type { ConfirmRefusal, HoldRefusal, Item, Shortage, StockLevel } from "./reservation.ts";

export interface Held {
  readonly expiresAt: Date;
  /** What is left of each product, in the order of the items; null when the hold was there already. */
  readonly remaining: readonly number[] | null;
}

interface HoldRow {
  outcome: "held" | "short" | "released" | "mismatch";
  held_until: Date;
  remaining: number[] | null;
  missing: Shortage[] | null;
}

/**
 * Takes `items` (merged and sorted) out of what is free to sell, all or nothing. Idempotent by order.
 * It writes and still takes `sql`: the one statement is its own transaction, which saves two round trips an order.
 */
export async function holdStock(
  sql: Sql,
  orderId: string,
  items: readonly Item[],
  { now, until }: { now: Date; until: Date },
): Promise<Held | HoldRefusal> {
  const ids = items.map((item) => item.productId);
  const quantities = items.map((item) => item.quantity);
  const [row] = await sql<HoldRow[]>`
    select * from hold_stock(${orderId}, ${ids}::uuid[], ${quantities}::int[], ${now}, ${until})`;
  if (row === undefined) throw new Error("hold_stock gave no row");
  if (row.outcome === "held") return { expiresAt: row.held_until, remaining: row.remaining };
  if (row.outcome === "short") return { refused: "insufficient-stock", short: row.missing ?? [] };
  return { refused: row.outcome === "released" ? "reservation-released" : "reservation-mismatch" };
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

/** Turns a hold into a sale. Returns the stock of each product, or none when it was confirmed before. */
export async function confirmReservation(
  tx: Transaction,
  orderId: string,
  now: Date,
): Promise<StockLevel[] | ConfirmRefusal> {
  const rows = await tx<StockRow[]>`select * from confirm_reservation(${orderId}, ${now})`;
  return confirmRefusals[rows[0]?.outcome ?? ""] ?? levels(rows);
}

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
    insert into stock (product_id, on_hand, delivered)
    select id, amount, amount from unnest(${ids}::uuid[], ${amounts}::int[]) as s (id, amount)`;
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
    update stock set on_hand = on_hand + (${by}), delivered = delivered + (${by})
    where product_id = ${productId}
    returning product_id as "productId", on_hand as "onHand", reserved`;
  return row;
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
