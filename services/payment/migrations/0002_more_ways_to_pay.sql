-- A charge may need the buyer (requires-action) or be held and not taken yet (authorized).
alter table payments drop constraint payments_status_check;
alter table payments add constraint payments_status_check check (status in (
  'initiated', 'unknown', 'requires-action', 'authorized', 'captured', 'declined', 'cancelled', 'refunded'));

alter table payments
  -- When the money is taken: with the charge, or later; `asked` once that later has come.
  add column capture text not null default 'automatic' check (capture in ('automatic', 'delayed', 'asked')),
  -- Sealed: where the buyer has to go, and who the payer is at the provider.
  add column next_action_url text,
  add column payer_reference text,
  add column action_expires_at timestamptz,
  -- SHA-256 of what the buyer approved, where that can pay only once.
  add column approval_digest bytea;

-- From here on sealed with a key of the keyring (keyring.ts); what is older is sealed by `reencrypt`.
alter table payments drop constraint payments_card_token_check;
alter table payments add constraint payments_no_card_number check (card_token like 'v1.%' or card_token !~ '\d{13}');

-- One approval of the buyer pays for one order, unless it came to nothing.
create unique index payments_one_per_approval on payments (approval_digest)
  where approval_digest is not null and status not in ('declined', 'cancelled');

-- Who moved money and what touched its safety. Rows are written with the act they tell of and sealed later, in batches:
-- each sealed row carries the hash of the one before it, so that a change, a gap or an insertion shows.
create table audit_log (
  id bigint generated always as identity,
  at timestamptz not null default now(),
  act text not null,
  payment_id uuid,
  -- JSON, kept as the text that is hashed.
  content text not null,
  position bigint unique,
  previous_hash bytea,
  hash bytea,
  check ((position is null) = (hash is null) and (position is null) = (previous_hash is null))
);
create index audit_log_unsealed on audit_log (id) where position is null;
create index audit_log_of_payment on audit_log (payment_id) where payment_id is not null;

create function audit_log_is_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and tg_level = 'ROW' and old.position is null and new.position is not null
    and (new.id, new.at, new.act, new.content) is not distinct from (old.id, old.at, old.act, old.content)
    and new.payment_id is not distinct from old.payment_id then
    return new;
  end if;
  raise exception 'The audit log is append-only: % is refused', tg_op;
end $$;
create trigger audit_log_sealed_once before update on audit_log
  for each row execute function audit_log_is_append_only();
create trigger audit_log_append_only before delete or truncate on audit_log
  for each statement execute function audit_log_is_append_only();

-- A second barrier before the triggers: the role that owns the tables gives up what nobody may do.
revoke update, delete, truncate on ledger from current_user;
revoke delete, truncate on audit_log from current_user;
