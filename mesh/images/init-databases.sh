#!/bin/bash
# Runs once, when PostgreSQL's data folder is empty: a role and a database for each service, reachable by nobody else.
set -euo pipefail
for name in user product order payment notification; do
  password=$(cat "/run/secrets/${name}_database_password")
  psql -v ON_ERROR_STOP=1 -v role="ecotrack_$name" -v password="$password" --username "$POSTGRES_USER" <<'SQL'
create role :"role" login password :'password';
create database :"role" owner :"role";
revoke connect on database :"role" from public;
SQL
done
