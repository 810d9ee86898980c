-- As in 0002, and lighter: reservations are looked up by their orders and by nothing else, and the text of an event is put
-- together as text. p_events: for each order a CloudEvent in JSON, an object of some fields without id, subject and data.
create or replace function confirm_reservations(p_orders uuid[], p_events text[], p_now timestamptz, p_topic text)
returns table (order_id uuid, outcome text)
language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan
as $$
declare
  sold uuid[];
begin
  with known as materialized (
    select r.order_id, r.status, r.expires_at from reservations r
    where r.order_id = any (p_orders) order by r.order_id for update
  ), confirmed as (
    update reservations r set status = 'confirmed', updated_at = p_now
    from known where r.order_id = known.order_id and known.status = 'held' and known.expires_at > p_now
    returning r.order_id, r.product_ids, r.quantities
  ), lines as materialized (
    select line.product, sum(line.quantity)::int as amount, min(array_position(p_orders, c.order_id)) as first
    from confirmed c, unnest(c.product_ids, c.quantities) as line (product, quantity)
    group by line.product
  ), locked as materialized (
    select s.product_id, lines.amount, lines.first from lines, stock s
    where s.product_id = lines.product order by s.product_id for update of s
  ), changed as (
    update stock s set reserved = s.reserved - locked.amount, sold = s.sold + locked.amount
    from locked where s.product_id = locked.product_id
    returning s.product_id, s.on_hand, s.reserved, locked.first, uuidv7() as id
  ), told as (
    insert into outbox (event_id, topic, key, payload)
    select c.id, p_topic, c.product_id, concat(
        left(p_events[c.first], -1), ',"id":"', c.id, '","subject":"', c.product_id,
        '","data":{"productId":"', c.product_id, '","onHand":', c.on_hand, ',"reserved":', c.reserved,
        ',"available":', c.on_hand, ',"reason":"sold"}}')
    from changed c
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
