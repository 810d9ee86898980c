#!/bin/bash
# The role of postgres_exporter: sees statistics and sizes (pg_monitor), and no table of anybody. May run again.
set -euo pipefail
PGPASSWORD=$(cat /run/secrets/postgres_password)
export PGPASSWORD
psql -v ON_ERROR_STOP=1 -v password="$(cat /run/secrets/postgres_monitor_password)" --dbname postgres <<'SQL'
select 'create role ecotrack_monitor' where to_regrole('ecotrack_monitor') is null \gexec
alter role ecotrack_monitor login connection limit 5 password :'password';
grant pg_monitor to ecotrack_monitor;
SQL
