-- An order as it was placed; what happens to it afterwards is in its status, its saga and its history.
create table orders (
  id uuid primary key,
  user_id uuid not null,
  status text not null check (status in ('pending', 'confirmed', 'shipped', 'delivered', 'cancelled')),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  -- Minor units; the most that a client's JSON number holds exactly.
  total_amount bigint not null check (total_amount between 0 and 9007199254740991),
  carbon_kg numeric not null,
  shipping_address json not null,
  payment_method text not null check (payment_method in ('card')),
  payment_id uuid,
  -- Set when the cancellation begins, which may be some time before the status says so.
  cancel_reason text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  check (status not in ('confirmed', 'shipped', 'delivered') or payment_id is not null),
  check (status <> 'cancelled' or cancel_reason is not null),
  check (status not in ('shipped', 'delivered') or cancel_reason is null)
) with (fillfactor = 80);

-- Ids are UUIDv7, so their order is the order of placing.
create index orders_by_user on orders (user_id, id desc);

create table order_items (
  order_id uuid not null references orders,
  position smallint not null,
  product_id uuid not null,
  name text not null,
  quantity integer not null check (quantity between 1 and 1000),
  unit_amount bigint not null check (unit_amount >= 0),
  -- Of one piece, in kg CO2e.
  carbon_kg numeric not null,
  primary key (order_id, position)
);

-- How far the saga of an order is. Whoever holds the lease may act; the rest of the world waits for due_at.
create table sagas (
  order_id uuid primary key references orders,
  -- The step to be taken next; null when the saga has ended.
  step text check (
    step in ('reserve', 'charge', 'confirm-reservation', 'confirm-order', 'cancel-payment', 'release-stock', 'cancel-order')
  ),
  lease uuid,
  -- Until then the lease holds, or, without one, nothing is to be tried again.
  due_at timestamptz,
  -- Runs begun in this direction.
  attempts integer not null default 1,
  -- The provider's token, needed to ask for the charge again. Forgotten as soon as the saga ends.
  payment_token text,
  idempotency_key text not null,
  traceparent text,
  correlation_id text,
  started_at timestamptz not null default now(),
  check ((step is null) = (due_at is null)),
  check (step is not null or (lease is null and payment_token is null))
) with (fillfactor = 80);

-- Only unfinished sagas are in it.
create index sagas_due on sagas (due_at) where due_at is not null;

-- The first answer to a key, for 24 hours; no answer yet means that the request is in flight.
create table idempotency_keys (
  user_id uuid not null,
  key text not null,
  order_id uuid not null,
  -- SHA-256 of the request.
  fingerprint bytea not null,
  answer_status smallint,
  answer_body text,
  created_at timestamptz not null default now(),
  primary key (user_id, key)
) with (fillfactor = 70);

create index idempotency_keys_created_at on idempotency_keys using brin (created_at);

-- What happened to an order after it was placed: changes of its status, decisions to
-- undo it, and steps of its saga with attempt and outcome.
create table order_history (
  order_id uuid not null,
  id bigint generated always as identity,
  at timestamptz not null,
  kind text not null check (kind in ('status', 'decision', 'step')),
  name text not null,
  outcome text check (outcome in ('done', 'refused', 'unknown')),
  attempt integer,
  detail text,
  primary key (order_id, id)
);
