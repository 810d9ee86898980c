import { type AuditedOrder, isSold, type Stores } from "./audited-order.ts";
import type { Findings } from "./findings.ts";

/**
 * On hand, reserved and sold make what was delivered; what is reserved and sold is what the reservations say, and those
 * say what the orders do.
 */
export async function auditStock(
  stores: Stores,
  orders: readonly AuditedOrder[],
  delivered: ReadonlyMap<string, number> | undefined,
  { expect }: Findings,
): Promise<void> {
  const held = await readReservations(stores);
  for (const order of orders) {
    const { id, status } = order;
    const stock = held.get(id);
    if (isSold(order)) expect(stock === "confirmed", () => `order ${id} is ${status}, its stock ${stock}`);
    if (status === "cancelled") {
      expect(
        stock !== "confirmed" && stock !== "held",
        () => `order ${id} is cancelled and its stock ${stock}`,
      );
    }
  }
  const ordered = await readOrdered(stores);
  for (const row of await readStock(stores)) {
    const { id, onHand, reserved, sold, held, taken } = row;
    const inAll = onHand + reserved + sold;
    const wanted = delivered?.get(id) ?? row.delivered;
    expect(onHand >= 0, () => `stock of ${id}: ${onHand} are on hand`);
    expect(inAll === wanted, () => `stock of ${id}: ${inAll} in all, ${wanted} were delivered`);
    expect(reserved === held, () => `stock of ${id}: reserved ${reserved}, reservations hold ${held}`);
    expect(sold === taken, () => `stock of ${id}: sold ${sold}, reservations took ${taken}`);
    const wantedByOrders = ordered.get(id) ?? 0;
    expect(sold === wantedByOrders, () => `stock of ${id}: sold ${sold}, orders bought ${wantedByOrders}`);
  }
}

async function readReservations({ product }: Stores): Promise<Map<string, string>> {
  const rows = await product<
    { id: string; status: string }[]
  >`select order_id as id, status from reservations`;
  return new Map(rows.map(({ id, status }) => [id, status]));
}

/** Pieces in orders that are sold, by product. */
async function readOrdered({ order }: Stores): Promise<Map<string, number>> {
  const rows = await order<{ id: string; pieces: number }[]>`
    select i.product_id as id, sum(i.quantity)::bigint as pieces
    from order_items i join orders o on o.id = i.order_id
    where o.status in ('confirmed', 'shipped', 'delivered') group by i.product_id`;
  return new Map(rows.map(({ id, pieces }) => [id, pieces]));
}

const readStock = ({ product }: Stores) => product<
  {
    readonly id: string;
    readonly onHand: number;
    readonly reserved: number;
    readonly sold: number;
    readonly delivered: number;
    readonly held: number;
    readonly taken: number;
  }[]
>`
  with lines as (
    select r.status, i.product_id, i.quantity
    from reservations r, unnest(r.product_ids, r.quantities) as i (product_id, quantity)
    where r.status in ('held', 'confirmed')
  ), sums as (
    select product_id,
      coalesce(sum(quantity) filter (where status = 'held'), 0)::bigint as held,
      coalesce(sum(quantity) filter (where status = 'confirmed'), 0)::bigint as taken
    from lines group by product_id
  )
  select s.product_id as id, s.on_hand as "onHand", s.reserved, s.sold, s.delivered,
    coalesce(sums.held, 0)::bigint as held, coalesce(sums.taken, 0)::bigint as taken
  from stock s left join sums on sums.product_id = s.product_id`;
