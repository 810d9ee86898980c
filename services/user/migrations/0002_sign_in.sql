-- Who signs in at an identity provider only has no password.
alter table users alter column password_hash drop not null;

-- Chooses the limits at the gateway; '' is the usual one.
alter table users add column tier text not null default '';

-- Sign-ins of the consent page that are older are not good any more.
alter table users add column signed_in_since timestamptz;

-- An account at an identity provider that signs somebody in here. The subject, not the address, says who it is
-- (OpenID Connect Core §5.7).
create table external_identities (
  issuer text not null,
  subject text not null,
  user_id uuid not null references users on delete cascade,
  linked_at timestamptz not null,
  primary key (issuer, subject)
);
create index external_identities_of_user on external_identities (user_id);
