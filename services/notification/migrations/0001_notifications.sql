-- Who can be reached, as user-service last said. A person who is gone stays as an empty row, so that nothing that arrives
-- late is sent to them.
create table recipients (
  user_id uuid primary key,
  email text not null,
  first_name text not null,
  deleted_at timestamptz,
  updated_at timestamptz not null default now(),
  check (deleted_at is null or (email = '' and first_name = ''))
);

-- What a person chose to get; no row: everything.
create table preferences (
  user_id uuid primary key,
  order_updates boolean not null,
  marketing boolean not null,
  updated_at timestamptz not null default now()
);

create table notifications (
  id uuid primary key,
  -- What it is about, such as order-confirmed:<order id>: whatever happens, there is one of it.
  key text not null unique,
  user_id uuid not null,
  type text not null check (type in ('welcome', 'order-confirmed', 'order-cancelled')),
  channel text not null default 'email' check (channel in ('email')),
  status text not null default 'queued' check (status in ('queued', 'sending', 'sent', 'failed', 'skipped')),
  order_id uuid,
  -- What the template needs.
  content jsonb not null,
  attempts integer not null default 0,
  reason text,
  -- When somebody has to look at it again: the queue lost it, the mail server was away, the sender died. Null: never.
  due_at timestamptz,
  created_at timestamptz not null,
  sent_at timestamptz,
  check ((status = 'sent') = (sent_at is not null)),
  check ((due_at is null) = (status in ('sent', 'failed', 'skipped')))
);
create index notifications_by_user on notifications (user_id, id desc);
create index notifications_due on notifications (due_at) where due_at is not null;
