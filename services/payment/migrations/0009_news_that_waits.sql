-- Signed news of a provider that cannot be judged yet, such as of a charge that the provider itself cannot show us at
-- this moment: taken up again until it can. Only what is used of the provider's object is kept.
create table waiting_news (
  gateway text not null,
  id text not null,
  type text not null,
  -- JSON
  object text not null,
  received_at timestamptz not null default now(),
  next_attempt_at timestamptz not null default now(),
  primary key (gateway, id)
);
create index waiting_news_due on waiting_news (next_attempt_at);
