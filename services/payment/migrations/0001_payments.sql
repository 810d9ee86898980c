-- One row per order: what is to be paid, and how far that is. A row without user and amount is a tombstone:
-- the order was cancelled before any charge was asked for, and a late charge must be refused.
create table payments (
  id uuid primary key,
  order_id uuid not null unique,
  user_id uuid,
  status text not null check (status in ('initiated', 'unknown', 'captured', 'declined', 'cancelled', 'refunded')),
  amount bigint not null default 0,
  currency text not null default 'XXX' check (currency ~ '^[A-Z]{3}$'),
  -- What has gone back, and what is being sent back at this moment. Together never more than was captured.
  refunded bigint not null default 0 check (refunded >= 0),
  refunding bigint not null default 0 check (refunding >= 0),
  gateway text not null default 'stripe',
  -- The provider's name for the card, never the card.
  card_token text check (card_token !~ '\d{13}'),
  provider_reference text,
  decline_code text,
  decline_detail text,
  cancel_reason text,
  attempts integer not null default 0,
  -- Whoever asks the provider holds the payment until then, by this database's clock.
  claimed_until timestamptz,
  -- When the sweep takes the payment up; null when nothing is left to do.
  next_attempt_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check (refunded + refunding <= amount),
  check (status = 'cancelled' or (user_id is not null and card_token is not null and amount > 0)),
  check (status <> 'captured' or provider_reference is not null)
);
create index payments_due on payments (next_attempt_at) where next_attempt_at is not null;

create table refunds (
  id uuid primary key,
  payment_id uuid not null references payments,
  amount bigint not null check (amount > 0),
  reason text not null,
  origin text not null check (origin in ('admin', 'cancellation', 'provider')),
  status text not null check (status in ('pending', 'succeeded', 'failed', 'refused')),
  provider_reference text,
  -- Of the request that asked for it: the same key from the same person gets the first answer again.
  requested_by uuid,
  idempotency_key text,
  fingerprint text,
  answer jsonb,
  attempts integer not null default 0,
  claimed_until timestamptz,
  next_attempt_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (requested_by, idempotency_key)
);
create index refunds_of_payment on refunds (payment_id);
create index refunds_due on refunds (next_attempt_at) where next_attempt_at is not null;

-- Double entry: each row moves one amount from the credited account to the debited one, so that no row can be
-- out of balance. At most one capture per payment, whatever the code above it believes.
create table ledger (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('capture', 'refund')),
  payment_id uuid not null references payments,
  refund_id uuid references refunds,
  debit_account text not null,
  credit_account text not null,
  amount bigint not null check (amount > 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  booked_at timestamptz not null default now(),
  check (debit_account <> credit_account),
  check ((kind = 'refund') = (refund_id is not null))
);
create unique index ledger_one_capture on ledger (payment_id) where kind = 'capture';
create unique index ledger_one_refund on ledger (refund_id) where kind = 'refund';

create function ledger_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'The ledger is append-only: % is refused, book a movement the other way', tg_op;
end $$;
create trigger ledger_append_only before update or delete or truncate on ledger
  for each statement execute function ledger_is_append_only();

-- The same movements as the two signed lines that an accountant expects: debit positive, credit negative.
create view ledger_entries as
  select id, kind, payment_id, refund_id, debit_account as account, amount, currency, booked_at from ledger
  union all
  select id, kind, payment_id, refund_id, credit_account, -amount, currency, booked_at from ledger;

-- The provider's events that had an effect here. A second delivery of one has none.
create table provider_events (
  id text primary key,
  type text not null,
  applied_at timestamptz not null default now()
);
create index provider_events_applied_at on provider_events (applied_at);
