import { dashboard } from "../dashboard.ts";
import { linksOfLine, linksTo } from "../explore-link.ts";
import { logs, stat, timeseries, traces } from "../panel.ts";
import { connectionPools } from "./pool-panels.ts";

/** PostgreSQL's own numbers come from postgres_exporter, one database for each service. */
const of = 'datname=~"ecotrack_.+"';
const perDatabase = (metric: string) => `sum by (datname) (rate(${metric}{${of}}[$__rate_interval]))`;
const legend = "{{datname}}";

const postgres = [
  timeseries({
    title: "Connections",
    description: "By database.",
    unit: "short",
    queries: [{ expr: `sum by (datname) (pg_stat_database_numbackends{${of}})`, legend }],
  }),
  timeseries({
    title: "Connections by state",
    description: "Idle in a transaction for long: somebody holds locks and does nothing.",
    unit: "short",
    queries: [{ expr: `sum by (state) (pg_stat_activity_count{${of}})`, legend: "{{state}}" }],
  }),
  timeseries({
    title: "Longest transaction",
    description: "That runs now.",
    unit: "s",
    steps: [[30, "orange"]],
    queries: [{ expr: `max by (datname) (pg_stat_activity_max_tx_duration{${of}})`, legend }],
  }),
  timeseries({
    title: "Transactions",
    description: "Committed, a second.",
    unit: "ops",
    queries: [{ expr: perDatabase("pg_stat_database_xact_commit"), legend }],
  }),
  timeseries({
    title: "Rolled back",
    description: "A second.",
    unit: "ops",
    queries: [{ expr: perDatabase("pg_stat_database_xact_rollback"), legend }],
  }),
  timeseries({
    title: "Deadlocks",
    description: "In the time that is shown.",
    unit: "short",
    steps: [[1, "orange"]],
    queries: [{ expr: `sum by (datname) (increase(pg_stat_database_deadlocks{${of}}[$__range]))`, legend }],
  }),
  timeseries({
    title: "Pages found in memory",
    description:
      "Of all that were read. Much less than 99 %: shared_buffers is too small, or an index is missing.",
    unit: "percentunit",
    queries: [
      {
        expr: `${perDatabase("pg_stat_database_blks_hit")} / (${perDatabase("pg_stat_database_blks_hit")} + ${perDatabase("pg_stat_database_blks_read")} > 0)`,
        legend,
      },
    ],
  }),
  timeseries({
    title: "Size",
    description: "On disk.",
    unit: "bytes",
    queries: [{ expr: `pg_database_size_bytes{${of}}`, legend }],
  }),
  timeseries({
    title: "Locks",
    description: "Held or waited for, by kind.",
    unit: "short",
    queries: [{ expr: `sum by (mode) (pg_locks_count{${of}})`, legend: "{{mode}}" }],
  }),
];

const redis = [
  timeseries({
    title: "Commands",
    description: "A second.",
    unit: "ops",
    queries: [{ expr: "rate(redis_commands_processed_total[$__rate_interval])", legend: "commands" }],
  }),
  timeseries({
    title: "Memory",
    description: "In use, and the most it may take: it refuses writes then, and evicts nothing.",
    unit: "bytes",
    queries: [
      { expr: "redis_memory_used_bytes", legend: "in use" },
      { expr: "redis_memory_max_bytes", legend: "limit" },
    ],
  }),
  timeseries({
    title: "Clients",
    description: "Connected, and waiting in a blocking command.",
    unit: "short",
    queries: [
      { expr: "redis_connected_clients", legend: "connected" },
      { expr: "redis_blocked_clients", legend: "blocked" },
    ],
  }),
  timeseries({
    title: "Keys",
    description: "By database.",
    unit: "short",
    queries: [{ expr: "redis_db_keys > 0", legend: "{{db}}" }],
  }),
  timeseries({
    title: "Keys that went",
    description: "A second: ran out, or were evicted, which must not be.",
    unit: "ops",
    queries: [
      { expr: "rate(redis_expired_keys_total[$__rate_interval])", legend: "ran out" },
      { expr: "rate(redis_evicted_keys_total[$__rate_interval])", legend: "evicted" },
    ],
  }),
  timeseries({
    title: "Refused connections",
    description: "In the time that is shown.",
    unit: "short",
    steps: [[1, "red"]],
    queries: [{ expr: "increase(redis_rejected_connections_total[$__range])", legend: "refused" }],
  }),
];

const seenByUs = [
  ...connectionPools(".+"),
  timeseries({
    title: "Connected to Redis",
    description: "0: the process goes on without it.",
    unit: "short",
    steps: [[1, "green"]],
    links: linksOfLine,
    queries: [{ expr: "min by (job) (redis_connected)", legend: "{{job}}" }],
  }),
  timeseries({
    title: "Catalogue's cache",
    description: "Look-ups a second, by where the value was found.",
    unit: "ops",
    stacked: true,
    links: linksTo("product-service"),
    queries: [
      {
        expr: "sum by (level) (rate(product_cache_lookups_total[$__rate_interval]))",
        legend: "{{level}}",
      },
    ],
  }),
  timeseries({
    title: "Redis, for the limiter",
    description: "From sending a command to its answer, p95.",
    unit: "s",
    steps: [[0.05, "red"]],
    links: linksTo("gateway"),
    queries: [
      {
        expr: "histogram_quantile(0.95, sum by (le) (rate(gateway_limiter_redis_seconds_bucket[$__rate_interval])))",
        legend: "p95",
      },
    ],
  }),
];

export const stores = dashboard({
  uid: "stores",
  title: "PostgreSQL and Redis",
  description: "The stores, by their exporters and as our processes see them.",
  rows: [
    {
      title: "Now",
      panels: [
        stat({
          title: "PostgreSQL",
          description: "1: its exporter can ask it.",
          unit: "short",
          steps: [[1, "green"]],
          query: { expr: "min(pg_up)" },
        }),
        stat({
          title: "Connections",
          description: "Of those PostgreSQL takes.",
          unit: "percentunit",
          steps: [
            [0.7, "orange"],
            [0.9, "red"],
          ],
          query: { expr: "sum(pg_stat_database_numbackends) / max(pg_settings_max_connections)" },
        }),
        stat({
          title: "Redis",
          description: "1: its exporter can ask it.",
          unit: "short",
          steps: [[1, "green"]],
          query: { expr: "min(redis_up)" },
        }),
        stat({
          title: "Redis since",
          description: "How long it runs.",
          unit: "s",
          query: { expr: "redis_uptime_in_seconds" },
        }),
      ],
    },
    { title: "PostgreSQL", panels: postgres },
    { title: "Redis", panels: redis },
    { title: "As our processes see them", panels: seenByUs },
    {
      title: "Look closer",
      panels: [
        traces("Slow statements", "Over 100 ms.", '{span.db.system.name="postgresql" && duration>100ms}'),
        logs(
          "Troubles of the stores",
          "Of all processes.",
          '{service_namespace="ecotrack"} |~ "(?i)redis|database|postgres" | detected_level=~"warn|error|fatal"',
        ),
      ],
    },
  ],
});
