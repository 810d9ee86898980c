create table categories (
  id uuid primary key,
  slug text not null unique check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
  name text not null,
  parent_id uuid references categories (id),
  position int not null
);

-- One row, drawn anew by every transaction that changes what clients can read of the catalogue: cached answers carry the
-- version they were made at, so a new one makes all of them unreachable at once. Its lock lets such transactions through
-- one at a time. Random rather than counted, so that it names the content of a restored or recreated database too.
create table catalogue_version (
  only_row boolean primary key default true check (only_row),
  version uuid not null default gen_random_uuid()
);
insert into catalogue_version default values;

create table products (
  id uuid primary key,
  name text not null,
  description text not null,
  category_id uuid not null references categories (id),
  price_amount bigint not null check (price_amount > 0),
  price_currency text not null check (price_currency ~ '^[A-Z]{3}$'),
  images text[] not null,
  -- kg CO2e of one piece, cradle to gate, without biogenic uptake; the same as in footprint
  kg_co2e numeric(14, 3) not null check (kg_co2e >= 0),
  -- PACT v3 CarbonFootprint, and the lines of mass, factor, source and year that it is the sum of
  footprint jsonb not null,
  inventory jsonb not null,
  uncertainty_percent smallint not null,
  recycled_percent smallint not null check (recycled_percent between 0 and 100),
  renewable_percent smallint not null check (renewable_percent between 0 and 100),
  expected_life_years smallint not null check (expected_life_years > 0),
  repairability smallint not null check (repairability between 0 and 10),
  certificates text[] not null,
  score smallint not null default 0 check (score between 0 and 100),
  score_parts jsonb not null default '{"carbon":0,"materials":0,"durability":0,"repairability":0,"certificates":0}',
  -- names of category, department and materials, for the search
  keywords text not null,
  search tsvector not null generated always as (
    setweight(to_tsvector('english', name), 'A') ||
    setweight(to_tsvector('english', keywords), 'B') ||
    setweight(to_tsvector('english', description), 'C')
  ) stored,
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz
);

create index products_search on products using gin (search) where deleted_at is null;
-- One index for each order of the list, so that a page is read from where the last one ended.
create index products_score on products (score, id) where deleted_at is null;
create index products_price on products (price_amount, id) where deleted_at is null;
create index products_carbon on products (kg_co2e, id) where deleted_at is null;
create index products_newest on products (created_at, id) where deleted_at is null;
create index products_name on products (lower(name) collate "C", id) where deleted_at is null;
create index products_category on products (category_id) where deleted_at is null;

-- Every piece ever delivered is free to sell, reserved or sold: the database refuses anything else.
-- No index but the key, and room in each page, so that a sale rewrites only its row.
create table stock (
  product_id uuid primary key references products (id),
  -- ends with the product, so that a hold need not look at it
  for_sale boolean not null default true,
  on_hand int not null check (on_hand >= 0),
  reserved int not null default 0 check (reserved >= 0),
  sold bigint not null default 0 check (sold >= 0),
  delivered bigint not null,
  check (on_hand + reserved + sold = delivered)
) with (fillfactor = 50);

create table reservations (
  order_id uuid primary key,
  status text not null check (status in ('held', 'confirmed', 'released', 'expired')),
  -- parallel arrays, sorted by product; both empty for the tombstone of an order that never reserved
  product_ids uuid[] not null,
  quantities int[] not null,
  expires_at timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  check (cardinality(product_ids) = cardinality(quantities))
);
create index reservations_due on reservations (expires_at) where status = 'held';

-- The functions below are one round trip each and keep one order of locks: the order's advisory lock, its reservation,
-- then rows of stock by product id. So no two of them can wait for each other in a circle. They go through the few lines
-- of an order one by one: for each that is one look at the key, where a join over arrays reads all of a small table.

-- outcome: held (remaining: what is left of each product; null for a repeat) | short (missing) | released | mismatch
create function hold_stock(
  p_order uuid, p_products uuid[], p_quantities int[], p_now timestamptz, p_until timestamptz
) returns table (outcome text, held_until timestamptz, remaining int[], missing jsonb)
language plpgsql as $$
declare
  known reservations;
  taken int := 0;
  is_left int;
begin
  perform pg_advisory_xact_lock(hashtextextended(p_order::text, 0));
  select * into known from reservations r where r.order_id = p_order for update;
  held_until := known.expires_at;
  outcome := case
    when known.status = 'released' then 'released'
    when known.product_ids <> p_products or known.quantities <> p_quantities then 'mismatch'
    when known.status = 'confirmed' then 'held'
    when known.status = 'held' then 'held'
  end;
  if known.status = 'held' and known.expires_at <= p_now and outcome = 'held' then
    -- Overdue, but not swept yet: the stock is still set aside, so it is simply kept longer.
    update reservations r set expires_at = p_until, updated_at = p_now where r.order_id = p_order;
    held_until := p_until;
  end if;
  if outcome is not null then
    return next;
    return;
  end if;

  for i in 1 .. cardinality(p_products) loop
    update stock s set on_hand = s.on_hand - p_quantities[i], reserved = s.reserved + p_quantities[i]
      where s.product_id = p_products[i] and s.for_sale and s.on_hand >= p_quantities[i]
      returning s.on_hand into is_left;
    exit when not found;
    remaining := remaining || is_left;
    taken := i;
  end loop;
  if taken < cardinality(p_products) then
    for i in 1 .. taken loop
      update stock s set on_hand = s.on_hand + p_quantities[i], reserved = s.reserved - p_quantities[i]
        where s.product_id = p_products[i];
    end loop;
    outcome := 'short';
    remaining := null;
    -- The line that failed may have been filled since; it is named all the same, because it is why nothing is held.
    select jsonb_agg(jsonb_build_object('productId', i.product_id, 'quantity', i.quantity,
        'available', case when s.for_sale then s.on_hand else 0 end))
      into missing
      from unnest(p_products, p_quantities) with ordinality as i (product_id, quantity, line)
      left join stock s on s.product_id = i.product_id
      where i.line = taken + 1 or s.on_hand is null or s.on_hand < i.quantity or not s.for_sale;
    return next;
    return;
  end if;
  insert into reservations as r (order_id, status, product_ids, quantities, expires_at, created_at, updated_at)
    values (p_order, 'held', p_products, p_quantities, p_until, p_now, p_now)
    on conflict (order_id) do update set status = 'held', expires_at = p_until, updated_at = p_now;
  outcome := 'held';
  held_until := p_until;
  return next;
end $$;

-- outcome: confirmed (one row a product, with its stock) | already-confirmed | expired | released | unknown
create function confirm_reservation(p_order uuid, p_now timestamptz)
returns table (outcome text, product uuid, free int, set_aside int)
language plpgsql as $$
declare
  known reservations;
begin
  update reservations r set status = 'confirmed', updated_at = p_now
    where r.order_id = p_order and r.status = 'held' and r.expires_at > p_now
    returning * into known;
  if not found then
    select case r.status when 'confirmed' then 'already-confirmed' when 'held' then 'expired' else r.status end
      into outcome from reservations r where r.order_id = p_order;
    outcome := coalesce(outcome, 'unknown');
    return next;
    return;
  end if;
  outcome := 'confirmed';
  for i in 1 .. cardinality(known.product_ids) loop
    update stock s set reserved = s.reserved - known.quantities[i], sold = s.sold + known.quantities[i]
      where s.product_id = known.product_ids[i]
      returning s.product_id, s.on_hand, s.reserved into product, free, set_aside;
    return next;
  end loop;
end $$;

-- outcome: released (was held) | restocked (was sold), one row a product with its stock; nothing when there was nothing
-- to give back. An order that never reserved gets a tombstone.
create function release_reservation(p_order uuid, p_now timestamptz)
returns table (outcome text, product uuid, free int, set_aside int)
language plpgsql as $$
declare
  known reservations;
begin
  perform pg_advisory_xact_lock(hashtextextended(p_order::text, 0));
  select * into known from reservations r where r.order_id = p_order for update;
  insert into reservations as r (order_id, status, product_ids, quantities, expires_at, created_at, updated_at)
    values (p_order, 'released', '{}', '{}', p_now, p_now, p_now)
    on conflict (order_id) do update set status = 'released', updated_at = p_now;
  if known.status is null or known.status not in ('held', 'confirmed') then return; end if;
  outcome := case known.status when 'held' then 'released' else 'restocked' end;
  for i in 1 .. cardinality(known.product_ids) loop
    update stock s set on_hand = s.on_hand + known.quantities[i],
        reserved = s.reserved - case known.status when 'held' then known.quantities[i] else 0 end,
        sold = s.sold - case known.status when 'confirmed' then known.quantities[i] else 0 end
      where s.product_id = known.product_ids[i]
      returning s.product_id, s.on_hand, s.reserved into product, free, set_aside;
    return next;
  end loop;
end $$;

-- Gives back what overdue holds kept; returns how many there were, at most p_limit. Several sweepers share the work.
create function expire_reservations(p_now timestamptz, p_limit int) returns int
language plpgsql as $$
declare
  due uuid[];
  products_due uuid[];
begin
  select array_agg(d.order_id) into due from (
    select r.order_id from reservations r where r.status = 'held' and r.expires_at <= p_now
    order by r.expires_at limit p_limit for update skip locked
  ) d;
  if due is null then return 0; end if;
  select array_agg(distinct i.product_id) into products_due
    from reservations r, unnest(r.product_ids) as i (product_id) where r.order_id = any (due);
  perform 1 from stock s where s.product_id = any (products_due) order by s.product_id for update;
  update stock s set on_hand = s.on_hand + i.quantity, reserved = s.reserved - i.quantity
    from (
      select i.product_id, sum(i.quantity)::int as quantity
      from reservations r, unnest(r.product_ids, r.quantities) as i (product_id, quantity)
      where r.order_id = any (due) group by i.product_id
    ) i
    where s.product_id = i.product_id;
  update reservations r set status = 'expired', updated_at = p_now where r.order_id = any (due);
  return cardinality(due);
end $$;
