-- Events that are true, in the transaction that made them true. The relay publishes them in the order of their ids.
create table outbox (
  id bigint generated always as identity primary key,
  event_id uuid not null unique,
  topic text not null,
  key text not null,
  payload text not null,
  created_at timestamptz not null default now(),
  published_at timestamptz
);

-- Only what waits is in it, so it stays as small as the lag.
create index outbox_unpublished on outbox (id) where published_at is null;
create index outbox_published_at on outbox (published_at) where published_at is not null;
