import type { Metrics } from "#observability/metrics";
import type { Sql } from "../postgres/sql.ts";
import { countDeadLetters } from "./dead-letter-store.ts";

/** `dead_letters`: those that nobody has replayed; not a number while the database is away. */
export function measureDeadLetters(metrics: Metrics, sql: Sql): void {
  metrics.gauge("dead_letters", "Events set aside that nobody has replayed", [], () =>
    countDeadLetters(sql).catch(() => Number.NaN),
  );
}
