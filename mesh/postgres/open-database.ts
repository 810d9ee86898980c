import postgres from "postgres";
import type { Log } from "#observability/log";
import type { Sql } from "./sql.ts";

const statementTimeoutMs = 15_000;
const idleInTransactionTimeoutMs = 60_000;

/** A statement's plan is kept; made while a table is empty, it may read all of it for every row for ever after. */
const throughIndexes = { enable_seqscan: "off", enable_hashjoin: "off", enable_mergejoin: "off" };

/**
 * A bounded pool: opened as needed up to `max`, 30 s to connect, closed after 10 min idle or 30 min of life.
 * @param findsByKey every row that is asked for is found by an index, which the planner is then held to
 * @param url `postgres://role:password@host:port/database`
 */
export function openDatabase({
  url,
  max,
  applicationName,
  findsByKey = false,
  log,
}: {
  url: string;
  max: number;
  applicationName: string;
  findsByKey?: boolean;
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
      ...(findsByKey && throughIndexes),
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
