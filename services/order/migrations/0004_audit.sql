-- How far the audit of ended orders has come: all up to this id were looked at, or are in the queue below.
create table audit_progress (
  only_row boolean primary key default true check (only_row),
  audited_to uuid not null default '00000000-0000-0000-0000-000000000000',
  -- One process audits at a time; another may when this has passed.
  leased_until timestamptz not null default now()
);
insert into audit_progress default values;

-- Orders to look at again: they were under way, or changed after they had been looked at.
create table audit_queue (
  order_id uuid primary key,
  due_at timestamptz not null
);
create index audit_queue_due on audit_queue (due_at);

-- What was found to be wrong, once each.
create table audit_findings (
  order_id uuid not null,
  invariant text not null,
  detail text not null,
  found_at timestamptz not null default now(),
  primary key (order_id, invariant)
);
