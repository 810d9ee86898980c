-- A buyer who asks the bank for the money back. What the bank takes for that leaves the balance at the provider, and
-- comes back when the dispute is won.
create table disputes (
  gateway text not null,
  id text not null,
  payment_id uuid not null references payments,
  amount bigint not null check (amount > 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  reason text not null,
  status text not null check (status in ('open', 'won', 'lost')),
  opened_at timestamptz not null,
  updated_at timestamptz not null default now(),
  primary key (gateway, id)
);
create index disputes_of_payment on disputes (payment_id);

alter table payments
  add column dispute text check (dispute in ('open', 'won', 'lost')),
  add column withdrawn bigint not null default 0 check (withdrawn >= 0);

alter table ledger add column dispute_id text;
alter table ledger drop constraint ledger_kind_check;
alter table ledger
  add constraint ledger_kind_check check (
    kind in ('capture', 'refund', 'dispute-withdrawal', 'dispute-reinstatement')),
  add constraint ledger_dispute_check check ((kind like 'dispute-%') = (dispute_id is not null));
create unique index ledger_once_per_dispute on ledger (dispute_id, kind) where dispute_id is not null;
