create table users (
  id uuid primary key,
  -- Kept in its normal form, so that one person cannot register twice by changing case.
  email text not null constraint users_email_taken unique check (email = lower(email)),
  password_hash text not null,
  first_name text not null,
  last_name text not null,
  bio text not null default '',
  preferences jsonb not null default '{}',
  roles text[] not null check (roles <@ array['customer', 'admin'] and cardinality(roles) > 0),
  created_at timestamptz not null,
  updated_at timestamptz not null
);

-- Private halves are encrypted with KEY_ENCRYPTION_KEY (AES-256-GCM, 12 bytes of nonce in front, key id as
-- associated data): a copy of this database signs nothing.
create table signing_keys (
  kid text primary key,
  public_jwk jsonb not null,
  private_key bytea not null,
  created_at timestamptz not null,
  active_from timestamptz not null
);
