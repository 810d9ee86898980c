import type { Sql, Transaction } from "#mesh/postgres/sql";

const leaseSeconds = 60;

/** Whether it is this process's turn to audit. */
export async function claimStockAudit(sql: Sql): Promise<boolean> {
  const rows = await sql`
    update stock_audit_progress set leased_until = now() + make_interval(secs => ${leaseSeconds})
    where only_row and leased_until <= now() returning only_row`;
  return rows.length === 1;
}

export async function endStockAudit(sql: Sql): Promise<void> {
  await sql`update stock_audit_progress set leased_until = now()`;
}

/** The planner cannot know how little is behind an id that it learns when it runs, and would read all there ever was. */
const readByIndex = (tx: Transaction) => tx`
  select set_config(name, 'off', true) from unnest(array['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin']) as name`;

/**
 * Counts the next reservations of orders whose id is below `before`, and what has changed of those that were passed. One
 * statement, so that it sees one moment: what a release writes into its queue later is taken off later.
 * @returns whether there may be more
 */
export async function countReservations(
  tx: Transaction,
  { before, limit }: { readonly before: string; readonly limit: number },
): Promise<boolean> {
  await readByIndex(tx);
  const [row] = await tx<{ most: number }[]>`
    with batch as materialized (
      select r.order_id, r.status, r.product_ids, r.quantities from reservations r
      where r.order_id > (select audited_to from stock_audit_progress) and r.order_id < ${before}
      order by r.order_id limit ${limit}
    ), ended as materialized (
      select o.order_id, r.status, r.product_ids, r.quantities
      from stock_audit_open o join reservations r using (order_id)
      where r.status in ('confirmed', 'released') limit ${limit}
    ), restocked as materialized (
      select q.order_id, o.order_id is null as was_counted, r.product_ids, r.quantities
      from stock_audit_restocked q join reservations r using (order_id) left join stock_audit_open o using (order_id)
      where q.order_id <= (select audited_to from stock_audit_progress) limit ${limit}
    ), lines as (
      select unnest(product_ids) as product_id, unnest(quantities) as pieces from batch where status = 'confirmed'
      union all
      select unnest(product_ids), unnest(quantities) from ended where status = 'confirmed'
      union all
      select unnest(product_ids), -unnest(quantities) from restocked where was_counted
    ), counted as (
      insert into stock_audited as known (product_id, sold)
      select product_id, sum(pieces) from lines group by product_id
      on conflict (product_id) do update set sold = known.sold + excluded.sold
    ), opened as (
      insert into stock_audit_open (order_id) select order_id from batch where status in ('held', 'expired')
    ), closed as (
      delete from stock_audit_open o using ended where o.order_id = ended.order_id
    ), taken as (
      delete from stock_audit_restocked q
      where q.order_id in (select order_id from restocked union all select order_id from batch)
    ), moved as (
      update stock_audit_progress set
        audited_to = coalesce((select order_id from batch order by order_id desc limit 1), audited_to)
    )
    select greatest((select count(*) from batch), (select count(*) from ended), (select count(*) from restocked))::int as most`;
  return (row?.most ?? 0) >= limit;
}

/** A product whose numbers do not agree. */
export interface StockDisagreement {
  readonly productId: string;
  readonly onHand: number;
  readonly reserved: number;
  readonly sold: number;
  readonly delivered: number;
  /** What the deliveries, the sold and the held reservations say. */
  readonly received: number;
  readonly taken: number;
  readonly held: number;
}

/**
 * Products whose stock disagrees with its deliveries and its reservations: with those that are counted, and with each
 * that was not yet. One statement, so that it sees one moment.
 */
export async function findStockDisagreements(tx: Transaction, limit: number): Promise<StockDisagreement[]> {
  await readByIndex(tx);
  return await tx<StockDisagreement[]>`
    with progress as materialized (
      select audited_to from stock_audit_progress
    ), lines as (
      select product_id, sold as pieces from stock_audited
      union all
      select unnest(r.product_ids), unnest(r.quantities) from reservations r
      where r.order_id > (select audited_to from progress) and r.status = 'confirmed'
      union all
      select unnest(r.product_ids), unnest(r.quantities)
      from stock_audit_open o join reservations r using (order_id) where r.status = 'confirmed'
      union all
      select unnest(r.product_ids), -unnest(r.quantities)
      from stock_audit_restocked q join reservations r using (order_id)
      where q.order_id <= (select audited_to from progress)
        and not exists (select from stock_audit_open o where o.order_id = q.order_id)
    ), taken as (
      select product_id, sum(pieces)::bigint as pieces from lines group by product_id
    ), held as (
      select product_id, sum(pieces)::bigint as pieces from (
        select unnest(product_ids) as product_id, unnest(quantities) as pieces from reservations where status = 'held'
      ) as line group by product_id
    ), received as (
      select product_id, sum(pieces)::bigint as pieces from deliveries group by product_id
    )
    select s.product_id as "productId", s.on_hand as "onHand", s.reserved, s.sold, s.delivered,
      coalesce(received.pieces, 0) as received, coalesce(taken.pieces, 0) as taken, coalesce(held.pieces, 0) as held
    from stock s left join taken using (product_id) left join held using (product_id) left join received using (product_id)
    where s.sold <> coalesce(taken.pieces, 0) or s.reserved <> coalesce(held.pieces, 0)
      or s.on_hand + s.reserved + s.sold <> coalesce(received.pieces, 0)
    order by s.product_id limit ${limit}`;
}

export interface StockViolation {
  readonly productId: string;
  readonly invariant: string;
  readonly detail: string;
}

/** Keeps violations. @returns those that nobody had found before */
export async function saveStockViolations(
  sql: Sql,
  violations: readonly StockViolation[],
): Promise<StockViolation[]> {
  if (violations.length === 0) return [];
  const found = await sql<StockViolation[]>`
    insert into stock_audit_findings (product_id, invariant, detail)
    select "productId", invariant, detail
    from json_to_recordset(${JSON.stringify(violations)}::text::json)
      as v ("productId" uuid, invariant text, detail text)
    on conflict do nothing returning product_id as "productId", invariant, detail`;
  return [...found];
}
