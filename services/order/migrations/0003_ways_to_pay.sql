alter table orders drop constraint orders_payment_method_check;
alter table orders add constraint orders_payment_method_check check (payment_method in ('card', 'paypal'));

-- What a pending order waits for that only its buyer can do.
alter table orders add column waiting_for text;
alter table orders add constraint orders_waiting_for_check
  check (waiting_for is null or (status = 'pending' and waiting_for = 'payment-action'));

alter table sagas drop constraint sagas_step_check;
alter table sagas add constraint sagas_step_check check (
  step in (
    'reserve', 'charge', 'confirm-reservation', 'capture', 'confirm-order', 'cancel-payment', 'release-stock', 'cancel-order'
  )
);

alter table order_history drop constraint order_history_outcome_check;
alter table order_history add constraint order_history_outcome_check
  check (outcome in ('done', 'refused', 'unknown', 'waiting'));
