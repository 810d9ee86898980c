import { openDatabase } from "#mesh/postgres/open-database";
import { createLog } from "#observability/log";

/** Transactions that each database has committed. A session reports its own with up to a second's delay. */
export async function commits(postgresUrl: string): Promise<Map<string, number>> {
  const log = createLog({ service: "bench", level: "silent" });
  const sql = openDatabase({ url: postgresUrl, max: 1, applicationName: "bench", log });
  const rows = await sql<{ name: string; count: number }[]>`
    select datname as name, xact_commit as count from pg_stat_database where datname like 'ecotrack_%' order by 1`;
  await sql.end();
  return new Map(rows.map(({ name, count }) => [name, count]));
}
