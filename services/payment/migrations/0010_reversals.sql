-- What PayPal took back of a capture: for a dispute that was lost, of which it tells by itself too, or for the buyer's bank.
-- The same money is booked once, whichever news comes first.
create table reversals (
  gateway text not null,
  -- PayPal's, of the movement.
  id text not null,
  payment_id uuid not null references payments,
  amount bigint not null check (amount > 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  -- Whose money this is, as soon as that is known.
  dispute_id text,
  happened_at timestamptz not null,
  primary key (gateway, id)
);
create index reversals_of_payment on reversals (payment_id);
create unique index reversals_one_per_dispute on reversals (gateway, dispute_id) where dispute_id is not null;

alter table ledger add column reversal_id text;
alter table ledger drop constraint ledger_kind_check;
alter table ledger
  add constraint ledger_kind_check check (kind in (
    'capture', 'refund', 'refund-reversal', 'reversal', 'dispute-withdrawal', 'dispute-reinstatement', 'dispute-fee',
    'dispute-fee-return')),
  add constraint ledger_reversal_check check ((kind = 'reversal') = (reversal_id is not null));
create unique index ledger_once_per_reversal on ledger (reversal_id) where reversal_id is not null;
