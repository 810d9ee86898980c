-- Events whose effect is in this database. Claimed in the transaction of the effect, so that a second delivery has none.
create table inbox (
  event_id uuid primary key,
  claimed_at timestamptz not null default now()
);
create index inbox_claimed_at on inbox (claimed_at);

-- Events whose reaction failed for good, with what is needed to look into it and to try again.
create table dead_letters (
  event_id uuid primary key,
  topic text not null,
  key text not null,
  payload text not null,
  reason text not null,
  attempts integer not null,
  died_at timestamptz not null default now(),
  replayed_at timestamptz
);
