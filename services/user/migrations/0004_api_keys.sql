create table api_keys (
  -- Also the session id of its tokens, by which they are revoked.
  id uuid primary key,
  owner_id uuid not null references users on delete cascade,
  name text not null,
  -- SHA-256: the key has 190 random bits, so there is nothing to guess.
  key_hash bytea not null constraint api_keys_hash unique,
  last_four text not null,
  scopes text[] not null check (cardinality(scopes) > 0),
  created_at timestamptz not null,
  expires_at timestamptz,
  -- To the minute at best: not each use is written.
  last_used_at timestamptz
);
create index api_keys_of_owner on api_keys (owner_id, id);
