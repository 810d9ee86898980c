import postgres from "postgres";
import type { Log } from "#observability/log";
import type { Sql } from "./sql.ts";

const statementTimeoutMs = 15_000;
const idleInTransactionTimeoutMs = 60_000;

/**
 * A bounded pool: opened as needed up to `max`, 30 s to connect, closed after 10 min idle or 30 min of life.
 * @param url `postgres://role:password@host:port/database`
 */
export function openDatabase({
  url,
  max,
  applicationName,
  log,
}: {
  url: string;
  max: number;
  applicationName: string;
  log: Log;
}): Sql {
  return postgres(url, {
    max,
    connect_timeout: 30,
    idle_timeout: 600,
    max_lifetime: 1800,
    connection: {
      application_name: applicationName,
      statement_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
    },
    types: {
      bigint: { to: 20, from: [20], serialize: (value: number) => String(value), parse: safeInteger },
    },
    onnotice: (notice) => log.debug({ notice: notice.message }, "notice of the database"),
  });
}

function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`The database holds ${text}, which no number can`);
  return value;
}
