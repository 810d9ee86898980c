-- What our books and the provider's list disagree about and no rule can settle: a person has to look.
create table reconciliation_findings (
  id bigint generated always as identity primary key,
  gateway text not null,
  kind text not null,
  -- The provider's id of the charge or the refund.
  reference text not null,
  order_id text,
  detail text not null,
  -- When the money moved: a later run over that time that does not find it again resolves it.
  moved_at timestamptz not null,
  found_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  resolved_at timestamptz,
  unique (gateway, kind, reference)
);

-- The last run over each provider, so that several processes make one in turn.
create table reconciliation_runs (
  gateway text primary key,
  began_at timestamptz not null,
  ended_at timestamptz,
  charges integer not null default 0,
  refunds integer not null default 0,
  repairs integer not null default 0
);
