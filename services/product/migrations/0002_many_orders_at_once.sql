-- The two writes of every order, for many orders in one transaction: what a transaction costs is mostly not its rows.
-- The order of locks stays: advisory locks by order, reservations by order, stock by product.
-- Plans are made once, for any arguments, and must not read a whole table because it was empty at the time.

-- p_holds: [{ id, products, quantities, until }], ids and, in each, products sorted; p_orders: the ids; p_products and
-- p_amounts: what all of them take together. One row each, with the outcomes of hold_stock.
create function hold_stocks(
  p_holds json, p_orders uuid[], p_products uuid[], p_amounts int[], p_now timestamptz
) returns table (order_id uuid, outcome text, held_until timestamptz, remaining int[], missing jsonb)
language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan
as $$
declare
  moved uuid[];
  is_left int[];
  hold record;
begin
  perform pg_advisory_xact_lock(hashtextextended(o::text, 0)) from unnest(p_orders) as o;
  perform from reservations r where r.order_id = any (p_orders) order by r.order_id for update;
  if not found then
    with locked as materialized (
      select s.product_id, s.on_hand, s.for_sale from stock s
      where s.product_id = any (p_products) order by s.product_id for update
    ), judged as materialized (
      select count(*) = cardinality(p_products) as fits
      from locked, unnest(p_products, p_amounts) as d (product, amount)
      where d.product = locked.product_id and locked.for_sale and locked.on_hand >= d.amount
    ), changed as (
      update stock s set on_hand = s.on_hand - d.amount, reserved = s.reserved + d.amount
      from judged, unnest(p_products, p_amounts) as d (product, amount)
      where judged.fits and s.product_id = d.product
      returning s.product_id, s.on_hand
    ), held as (
      insert into reservations (order_id, status, product_ids, quantities, expires_at, created_at, updated_at)
      select h.id, 'held', h.products, h.quantities, h.until, p_now, p_now
      from judged, json_to_recordset(p_holds) as h (id uuid, products uuid[], quantities int[], until timestamptz)
      where judged.fits
    )
    select array_agg(changed.product_id), array_agg(changed.on_hand) into moved, is_left from changed;
  end if;
  if moved is not null then
    return query
      select h.id, 'held', h.until,
        array(
          select is_left[array_position(moved, p.id)] from unnest(h.products) with ordinality as p (id, line)
          order by p.line
        ),
        null::jsonb
      from json_to_recordset(p_holds) as h (id uuid, products uuid[], until timestamptz);
    return;
  end if;
  -- Repeats, or not enough for all: one after the other.
  for hold in
    select * from json_to_recordset(p_holds) as h (id uuid, products uuid[], quantities int[], until timestamptz)
  loop
    return query select hold.id, h.* from hold_stock(hold.id, hold.products, hold.quantities, p_now, hold.until) h;
  end loop;
end $$;

-- p_orders is sorted; p_events: for each a CloudEvent in JSON that lacks id, subject and data. One row each; outcome:
-- confirmed | already-confirmed | expired | released | unknown. A product that several of the orders sell is written, and
-- told of, once.
create function confirm_reservations(p_orders uuid[], p_events text[], p_now timestamptz, p_topic text)
returns table (order_id uuid, outcome text)
language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan
as $$
declare
  sold uuid[];
begin
  with held as materialized (
    select r.order_id from reservations r
    where r.order_id = any (p_orders) and r.status = 'held' and r.expires_at > p_now
    order by r.order_id for update
  ), confirmed as (
    update reservations r set status = 'confirmed', updated_at = p_now
    from held where r.order_id = held.order_id
    returning r.order_id, r.product_ids, r.quantities
  ), lines as materialized (
    select line.product, sum(line.quantity)::int as amount, min(p_events[array_position(p_orders, c.order_id)]) as event
    from confirmed c, unnest(c.product_ids, c.quantities) as line (product, quantity)
    group by line.product
  ), locked as materialized (
    select s.product_id, lines.amount, lines.event from lines, stock s
    where s.product_id = lines.product order by s.product_id for update of s
  ), changed as (
    update stock s set reserved = s.reserved - locked.amount, sold = s.sold + locked.amount
    from locked where s.product_id = locked.product_id
    returning s.product_id, s.on_hand, s.reserved, locked.event, uuidv7() as id
  ), told as (
    insert into outbox (event_id, topic, key, payload)
    select changed.id, p_topic, changed.product_id, (
        changed.event::jsonb || jsonb_build_object(
          'id', changed.id, 'subject', changed.product_id, 'data', jsonb_build_object(
            'productId', changed.product_id, 'onHand', changed.on_hand, 'reserved', changed.reserved,
            'available', changed.on_hand, 'reason', 'sold'))
      )::text
    from changed
  )
  select coalesce(array_agg(confirmed.order_id), '{}') into sold from confirmed;
  return query select o, 'confirmed' from unnest(sold) as o;
  if cardinality(sold) < cardinality(p_orders) then
    return query
      select o, case r.status when 'confirmed' then 'already-confirmed' when 'held' then 'expired'
          else coalesce(r.status, 'unknown') end
      from unnest(p_orders) as o left join reservations r on r.order_id = o where o <> all (sold);
  end if;
end $$;

drop function confirm_reservation(uuid, timestamptz);
