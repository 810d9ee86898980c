import type { Metrics, Series } from "#observability/metrics";
import type { Sql } from "./sql.ts";

/** What `patches/` adds to postgres.js: its connections, and the statements and transactions that wait for one. */
interface Pool {
  readonly options: { readonly max: number };
  pool(): { readonly idle: number; readonly used: number; readonly waiting: number };
}

/** Pools by name, by the names of OpenTelemetry's conventions for database clients; counted at each scrape. */
export function measurePools(metrics: Metrics, pools: Readonly<Record<string, Sql>>): void {
  const each = <L extends string>(series: (name: string, pool: Pool) => readonly Series<L>[]) =>
    Object.entries(pools).flatMap(([name, sql]) => series(name, sql as unknown as Pool));
  metrics.gauges("db_client_connection_count", "Connections to PostgreSQL", ["pool", "state"], () =>
    each((name, pool) => {
      const { idle, used } = pool.pool();
      return [
        [{ pool: name, state: "idle" }, idle],
        [{ pool: name, state: "used" }, used],
      ];
    }),
  );
  metrics.gauges("db_client_connection_max", "Connections that a pool may open", ["pool"], () =>
    each((name, { options }) => [[{ pool: name }, options.max]]),
  );
  metrics.gauges(
    "db_client_connection_pending_requests",
    "Statements and transactions that wait for a connection",
    ["pool"],
    () => each((name, pool) => [[{ pool: name }, pool.pool().waiting]]),
  );
}
