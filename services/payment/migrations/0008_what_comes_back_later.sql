-- A refund that the bank sent back after it had counted as done, and what the provider charges for a dispute.
alter table ledger drop constraint ledger_kind_check, drop constraint ledger_check1;
alter table ledger
  add constraint ledger_kind_check check (kind in (
    'capture', 'refund', 'refund-reversal', 'dispute-withdrawal', 'dispute-reinstatement', 'dispute-fee',
    'dispute-fee-return')),
  add constraint ledger_refund_check check ((kind in ('refund', 'refund-reversal')) = (refund_id is not null));
create unique index ledger_one_reversal on ledger (refund_id) where kind = 'refund-reversal';
