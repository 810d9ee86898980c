-- Events that the bus refused for good lie beside those whose reaction failed for good: one place to look.
alter table dead_letters add column origin text not null default 'inbox' check (origin in ('inbox', 'outbox'));
alter table dead_letters drop constraint dead_letters_pkey, add primary key (event_id, origin);

-- Set by whoever wants it tried again; cleared by the service that did.
alter table dead_letters add column replay_requested_at timestamptz;
create index dead_letters_to_replay on dead_letters (replay_requested_at) where replay_requested_at is not null;
