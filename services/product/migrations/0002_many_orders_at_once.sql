-- The two writes of every order, for many orders in one transaction: what a transaction costs is mostly not its rows.
-- The order of locks stays: advisory locks by order, reservations by order, stock by product.
-- Plans are kept, and must not read a whole table because it was empty when they were made.

-- p_holds: [{ id, products, quantities, until }], products sorted. One row each, with the outcomes of hold_stock.
create function hold_stocks(p_holds json, p_now timestamptz)
returns table (order_id uuid, outcome text, held_until timestamptz, remaining int[], missing jsonb)
language plpgsql set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  orders uuid[];
  known boolean;
  wanted uuid[];
  amounts int[];
  fits boolean;
  moved uuid[];
  is_left int[];
  hold record;
begin
  select array_agg(h.id order by h.id) into orders from json_to_recordset(p_holds) as h (id uuid);
  perform pg_advisory_xact_lock(hashtextextended(o::text, 0)) from unnest(orders) as o;
  perform from reservations r where r.order_id = any (orders) order by r.order_id for update;
  known := found;
  select array_agg(d.product order by d.product), array_agg(d.amount order by d.product) into wanted, amounts
    from (
      select line.product, sum(line.quantity)::int as amount
      from json_to_recordset(p_holds) as h (products uuid[], quantities int[]),
        unnest(h.products, h.quantities) as line (product, quantity)
      group by line.product
    ) d;
  select count(*) = cardinality(wanted) into fits
    from (
      select s.product_id, s.on_hand, s.for_sale from stock s
      where s.product_id = any (wanted) order by s.product_id for update
    ) s, unnest(wanted, amounts) as d (product, amount)
    where d.product = s.product_id and s.for_sale and s.on_hand >= d.amount;

  if known or not fits or (select count(distinct o) < count(*) from unnest(orders) as o) then
    -- Repeats, or not enough for all: one after the other.
    for hold in
      select * from json_to_recordset(p_holds) as h (id uuid, products uuid[], quantities int[], until timestamptz)
    loop
      return query select hold.id, h.* from hold_stock(hold.id, hold.products, hold.quantities, p_now, hold.until) h;
    end loop;
    return;
  end if;

  with changed as (
    update stock s set on_hand = s.on_hand - d.amount, reserved = s.reserved + d.amount
    from unnest(wanted, amounts) as d (product, amount) where s.product_id = d.product
    returning s.product_id, s.on_hand
  ) select array_agg(changed.product_id), array_agg(changed.on_hand) into moved, is_left from changed;
  insert into reservations (order_id, status, product_ids, quantities, expires_at, created_at, updated_at)
    select h.id, 'held', h.products, h.quantities, h.until, p_now, p_now
    from json_to_recordset(p_holds) as h (id uuid, products uuid[], quantities int[], until timestamptz);
  return query
    select h.id, 'held', h.until,
      array(select is_left[array_position(moved, p.id)] from unnest(h.products) with ordinality as p (id, line) order by p.line),
      null::jsonb
    from json_to_recordset(p_holds) as h (id uuid, products uuid[], until timestamptz);
end $$;

-- p_confirms: [{ id, event }], where event is a CloudEvent in JSON that lacks id, subject and data. One row each; outcome:
-- confirmed | already-confirmed | expired | released | unknown. A product that several of the orders sell is written, and
-- told of, once.
create function confirm_reservations(p_confirms json, p_now timestamptz, p_topic text)
returns table (order_id uuid, outcome text)
language plpgsql set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  orders uuid[];
  sold_orders uuid[];
  sold_products uuid[];
  amounts int[];
  heads text[];
begin
  select array_agg(distinct c.id) into orders from json_to_recordset(p_confirms) as c (id uuid);
  perform from reservations r where r.order_id = any (orders) order by r.order_id for update;
  with changed as (
    update reservations r set status = 'confirmed', updated_at = p_now
    where r.order_id = any (orders) and r.status = 'held' and r.expires_at > p_now
    returning r.order_id
  ) select coalesce(array_agg(changed.order_id), '{}') into sold_orders from changed;
  select array_agg(d.product order by d.product), array_agg(d.amount order by d.product),
      array_agg(d.head order by d.product)
    into sold_products, amounts, heads
    from (
      select line.product, sum(line.quantity)::int as amount, min(c.event) as head
      from (select distinct on (c.id) c.id, c.event from json_to_recordset(p_confirms) as c (id uuid, event text)) c,
        reservations r, unnest(r.product_ids, r.quantities) as line (product, quantity)
      where r.order_id = c.id and c.id = any (sold_orders)
      group by line.product
    ) d;
  if sold_products is not null then
    perform from stock s where s.product_id = any (sold_products) order by s.product_id for update;
    with changed as (
      update stock s set reserved = s.reserved - d.amount, sold = s.sold + d.amount
      from unnest(sold_products, amounts, heads) as d (product, amount, head) where s.product_id = d.product
      returning s.product_id, s.on_hand, s.reserved, d.head, uuidv7() as id
    )
    insert into outbox (event_id, topic, key, payload)
      select changed.id, p_topic, changed.product_id, (
        changed.head::jsonb || jsonb_build_object(
          'id', changed.id, 'subject', changed.product_id, 'data', jsonb_build_object(
            'productId', changed.product_id, 'onHand', changed.on_hand, 'reserved', changed.reserved,
            'available', changed.on_hand, 'reason', 'sold'))
        )::text
      from changed order by changed.product_id;
  end if;
  return query
    select c.id, case
        when c.id = any (sold_orders) then 'confirmed'
        when r.status = 'confirmed' then 'already-confirmed'
        when r.status = 'held' then 'expired'
        else coalesce(r.status, 'unknown')
      end
    from json_to_recordset(p_confirms) as c (id uuid) left join reservations r on r.order_id = c.id;
end $$;

drop function confirm_reservation(uuid, timestamptz);
