-- How the parcel goes: { carrier, trackingNumber, shippedAt, deliveredAt }.
alter table orders add column shipment json;
alter table orders add constraint orders_shipment_check
  check ((status in ('shipped', 'delivered')) = (shipment is not null));

-- What an event that changed the order said, the address included, so that the order can be rebuilt from its history.
-- An order that was placed before this column has no entry for that.
alter table order_history add column data json;

-- Sagas that may need a hand, the oldest first.
create index sagas_unfinished on sagas (started_at) where step is not null;
