import { openDatabase } from "#mesh/postgres/open-database";
import type { Sql } from "#mesh/postgres/sql";
import { createLog } from "#observability/log";

export interface AuditedSystem {
  readonly databases: Readonly<Record<"user" | "product" | "order" | "payment" | "notification", string>>;
  /** The payment sandbox, whose books are what really happened to the money. */
  readonly sandbox: string;
}

export interface Audit {
  /** What was found to be wrong, in words; empty is good. */
  readonly violations: readonly string[];
  /** Orders that have not come to an end yet; the rest of the audit says little while there are any. */
  readonly unsettled: number;
  readonly confirmed: number;
  readonly cancelled: number;
}

interface Charged {
  readonly orderId: string;
  readonly charges: number;
  readonly captured: number;
  readonly refunded: number;
  readonly net: number;
}

/** Reads every store and the provider's books, and compares them with the invariants of the order. */
export async function audit({ databases, sandbox }: AuditedSystem): Promise<Audit> {
  const log = createLog({ service: "audit", level: "silent" });
  const open = (url: string) => openDatabase({ url, max: 1, applicationName: "audit", log });
  const stores = {
    product: open(databases.product),
    order: open(databases.order),
    payment: open(databases.payment),
    notification: open(databases.notification),
    user: open(databases.user),
  };
  try {
    const books = (await (await fetch(`${sandbox}/sandbox/state`)).json()) as { orders: readonly Charged[] };
    return await compare(stores, books.orders);
  } finally {
    await Promise.all(Object.values(stores).map((sql) => sql.end()));
  }
}

type Stores = Record<keyof AuditedSystem["databases"], Sql>;

async function compare(stores: Stores, charged: readonly Charged[]): Promise<Audit> {
  const orders = await stores.order<{ id: string; status: string; total: number }[]>`
    select id, status, total_amount as total from orders`;
  const reservations = new Map(
    (
      await stores.product<{ id: string; status: string }[]>`select order_id as id, status from reservations`
    ).map(({ id, status }) => [id, status]),
  );
  const payments = await stores.payment<
    { orderId: string; status: string; refunded: number; booked: number }[]
  >`
    select p.order_id as "orderId", p.status, p.refunded,
      coalesce((select sum(case kind when 'capture' then amount else -amount end) from ledger l where l.payment_id = p.id), 0)::bigint as booked
    from payments p`;
  const paid = new Map(payments.map((payment) => [payment.orderId, payment]));
  const books = new Map(charged.map((each) => [each.orderId, each]));
  const violations: string[] = [];

  for (const { id, status, total } of orders) {
    const net = books.get(id)?.net ?? 0;
    const booked = paid.get(id)?.booked ?? 0;
    const held = reservations.get(id);
    if (net !== booked) violations.push(`order ${id}: the provider's net is ${net}, the ledger's ${booked}`);
    if (status === "confirmed" && net !== total)
      violations.push(`order ${id} is confirmed at ${total}, charged ${net}`);
    if (status === "confirmed" && held !== "confirmed")
      violations.push(`order ${id} is confirmed, its stock ${held}`);
    if (status === "cancelled" && net !== 0) violations.push(`order ${id} is cancelled and keeps ${net}`);
    if (status === "cancelled" && (held === "confirmed" || held === "held")) {
      violations.push(`order ${id} is cancelled and its stock ${held}`);
    }
  }
  for (const { orderId, captured, refunded } of charged) {
    if (captured - refunded < 0) violations.push(`order ${orderId}: more was given back than taken`);
  }
  violations.push(
    ...(await stockViolations(stores)),
    ...(await eventViolations(stores)),
    ...(await mailViolations(stores, orders)),
  );
  const ended = (status: string) => orders.filter((order) => order.status === status).length;
  const [saga] = await stores.order<
    { open: number }[]
  >`select count(*) as open from orders where status = 'pending'`;
  return {
    violations,
    unsettled: saga?.open ?? 0,
    confirmed: ended("confirmed"),
    cancelled: ended("cancelled"),
  };
}

async function stockViolations({ product }: Stores): Promise<string[]> {
  const rows = await product<{ id: string; reserved: number; sold: number; held: number; taken: number }[]>`
    with lines as (
      select r.status, i.product_id, i.quantity
      from reservations r, unnest(r.product_ids, r.quantities) as i (product_id, quantity)
    ), sums as (
      select product_id,
        coalesce(sum(quantity) filter (where status = 'held'), 0)::bigint as held,
        coalesce(sum(quantity) filter (where status = 'confirmed'), 0)::bigint as taken
      from lines group by product_id
    )
    select s.product_id as id, s.reserved, s.sold, coalesce(sums.held, 0) as held, coalesce(sums.taken, 0) as taken
    from stock s left join sums on sums.product_id = s.product_id
    where s.on_hand + s.reserved + s.sold <> s.delivered
      or s.reserved <> coalesce(sums.held, 0) or s.sold <> coalesce(sums.taken, 0)`;
  return rows.map(
    (row) => `stock of ${row.id}: reserved ${row.reserved} of ${row.held}, sold ${row.sold} of ${row.taken}`,
  );
}

async function eventViolations(stores: Stores): Promise<string[]> {
  const found = await Promise.all(
    Object.entries(stores).map(async ([name, sql]) => {
      const [row] = await sql<{ waiting: number; dead: number }[]>`
        select (select count(*) from outbox where published_at is null and created_at < now() - interval '10 s') as waiting,
               (select count(*) from dead_letters where replayed_at is null) as dead`;
      return row && row.waiting + row.dead > 0
        ? [`${name}: ${row.waiting} events wait, ${row.dead} are dead`]
        : [];
    }),
  );
  return found.flat();
}

/** Every confirmed order has exactly one confirmation that was handed to the mail server. */
async function mailViolations(
  { notification }: Stores,
  orders: readonly { id: string; status: string }[],
): Promise<string[]> {
  const rows = await notification<{ orderId: string; sent: number; made: number }[]>`
    select order_id as "orderId", count(*) filter (where status = 'sent') as sent, count(*) as made
    from notifications where type = 'order-confirmed' group by order_id`;
  const mails = new Map(rows.map((row) => [row.orderId, row]));
  return orders
    .filter(
      ({ id, status }) => status === "confirmed" && (mails.get(id)?.sent !== 1 || mails.get(id)?.made !== 1),
    )
    .map(
      ({ id }) =>
        `order ${id} has ${mails.get(id)?.sent ?? 0} confirmations sent of ${mails.get(id)?.made ?? 0}`,
    );
}
