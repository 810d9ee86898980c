alter table notifications drop constraint notifications_type_check;
alter table notifications add constraint notifications_type_check
  check (type in ('welcome', 'order-confirmed', 'order-cancelled', 'order-shipped'));
