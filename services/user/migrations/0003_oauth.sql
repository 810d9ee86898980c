create table oauth_clients (
  id uuid primary key,
  owner_id uuid not null references users on delete cascade,
  name text not null,
  kind text not null check (kind in ('confidential', 'public')),
  redirect_uris text[] not null,
  scopes text[] not null,
  -- SHA-256: the secret has 256 random bits, so there is nothing to guess.
  secret_hash bytea check ((secret_hash is null) = (kind = 'public')),
  -- Good beside the new one for a while after a rotation.
  previous_secret_hash bytea,
  previous_secret_until timestamptz,
  tier text not null default '',
  -- Exempt from limits; only a client that can prove itself may be.
  internal boolean not null default false check (not internal or kind = 'confidential'),
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index oauth_clients_of_owner on oauth_clients (owner_id, id);

-- What a person allowed a client, so that the same is not asked twice.
create table oauth_consents (
  user_id uuid not null references users on delete cascade,
  client_id uuid not null references oauth_clients on delete cascade,
  scopes text[] not null,
  given_at timestamptz not null,
  primary key (user_id, client_id)
);
create index oauth_consents_of_client on oauth_consents (client_id);
