-- What was delivered, counted or written off, piece by piece: `stock.delivered` has to be the sum of it.
create table deliveries (
  id bigint generated always as identity primary key,
  product_id uuid not null references products (id),
  pieces bigint not null,
  at timestamptz not null default now()
);
create index deliveries_of_product on deliveries (product_id);
insert into deliveries (product_id, pieces) select product_id, delivered from stock;

-- How far the audit of stock has come: reservations of orders up to this id are counted in `stock_audited`, or open.
create table stock_audit_progress (
  only_row boolean primary key default true check (only_row),
  audited_to uuid not null default '00000000-0000-0000-0000-000000000000',
  -- One process audits at a time; another may when this has passed.
  leased_until timestamptz not null default now()
);
insert into stock_audit_progress default values;

-- Pieces of each product that the counted reservations have sold.
create table stock_audited (
  product_id uuid primary key,
  sold bigint not null
);

-- Passed by the audit and not ended yet: held, or lapsed and perhaps held again.
create table stock_audit_open (order_id uuid primary key);

-- Sold and given back since: what was counted of them has to be taken off again. Written by the release itself.
create table stock_audit_restocked (order_id uuid primary key);

-- What was found to be wrong, once each.
create table stock_audit_findings (
  product_id uuid not null,
  invariant text not null,
  detail text not null,
  found_at timestamptz not null default now(),
  primary key (product_id, invariant)
);

create or replace function release_reservation(p_order uuid, p_now timestamptz)
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
  if outcome = 'restocked' then
    insert into stock_audit_restocked (order_id) values (p_order) on conflict do nothing;
  end if;
  for i in 1 .. cardinality(known.product_ids) loop
    update stock s set on_hand = s.on_hand + known.quantities[i],
        reserved = s.reserved - case known.status when 'held' then known.quantities[i] else 0 end,
        sold = s.sold - case known.status when 'confirmed' then known.quantities[i] else 0 end
      where s.product_id = known.product_ids[i]
      returning s.product_id, s.on_hand, s.reserved into product, free, set_aside;
    return next;
  end loop;
end $$;
