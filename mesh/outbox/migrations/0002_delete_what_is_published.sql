-- A published row is deleted: that writes no index entry, and a table that holds only what waits needs one index.
-- Of each batch one row remains, so that what was published can still be compared with what was claimed.
create table outbox_published (
  id bigint generated always as identity primary key,
  published_at timestamptz not null default now(),
  event_ids uuid[] not null,
  keys text[] not null,
  types text[] not null
);

insert into outbox_published (published_at, event_ids, keys, types)
select max(published_at), array_agg(event_id order by id), array_agg(key order by id),
       array_agg(coalesce(substring(payload from '"type"\s*:\s*"([^"]+)"'), '') order by id)
from outbox where published_at is not null
group by id / 500 order by id / 500;

delete from outbox where published_at is not null;
drop index outbox_unpublished, outbox_published_at;
alter table outbox drop column published_at, drop constraint outbox_event_id_key;
-- Cutting the empty end off takes a lock that appending has to wait for; the space is used again anyway.
alter table outbox set (vacuum_truncate = false, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- To look into: every event of the last days, with `published_at` once the bus has it.
create view outbox_events as
  select event_id, key, substring(payload from '"type"\s*:\s*"([^"]+)"') as type, null::timestamptz as published_at
  from outbox
  union all
  select event.event_id, event.key, event.type, published_at
  from outbox_published, unnest(event_ids, keys, types) as event (event_id, key, type);
