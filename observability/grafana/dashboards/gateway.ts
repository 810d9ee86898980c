import { dashboard } from "../dashboard.ts";
import { linksTo } from "../explore-link.ts";
import { logs, stat, timeseries, traces } from "../panel.ts";
import { answersByRoute } from "./answers-by-route.ts";

const links = linksTo("gateway");

const limits = [
  timeseries({
    title: "Requests refused by a limit",
    description: "A second, by limit. Many at once: a client in a loop, or a limit that is too low.",
    unit: "reqps",
    links,
    queries: [
      {
        expr: 'sum by (limit) (rate(gateway_rate_limit_decisions_total{outcome="refused"}[$__rate_interval]))',
        legend: "{{limit}}",
      },
    ],
  }),
  timeseries({
    title: "Decisions",
    description: "Where the limiter found its answer: in its lease, or without Redis.",
    unit: "reqps",
    stacked: true,
    queries: [
      {
        expr: "sum by (source) (rate(gateway_rate_limit_decisions_total[$__rate_interval]))",
        legend: "{{source}}",
      },
    ],
  }),
  timeseries({
    title: "Redis, for the limiter",
    description: "From sending a command to its answer, p95. It is asked for leases, not for each request.",
    unit: "s",
    steps: [[0.05, "red"]],
    queries: [
      {
        expr: "histogram_quantile(0.95, sum by (le) (rate(gateway_limiter_redis_seconds_bucket[$__rate_interval])))",
        legend: "p95",
      },
    ],
  }),
];

const upstreams = [
  timeseries({
    title: "Connections of clients",
    description: "Open ones.",
    unit: "short",
    queries: [{ expr: "sum(gateway_connections)", legend: "open" }],
  }),
  timeseries({
    title: "Connections to services",
    description: "Requests that wait mean that a service answers too slowly for its pool.",
    unit: "short",
    queries: [
      { expr: "sum(gateway_upstream_open)", legend: "open" },
      { expr: "sum(gateway_upstream_idle)", legend: "idle" },
      { expr: "sum(gateway_upstream_waiting)", legend: "waiting" },
    ],
  }),
  timeseries({
    title: "Calls without an answer",
    description: "A second, by service and why.",
    unit: "reqps",
    links,
    queries: [
      {
        expr: "sum by (upstream, reason) (rate(gateway_upstream_errors_total[$__rate_interval]))",
        legend: "{{upstream}} {{reason}}",
      },
    ],
  }),
];

const identity = [
  timeseries({
    title: "Age of the issuers' keys",
    description: "Since they were last fetched.",
    unit: "s",
    queries: [{ expr: "max by (issuer) (gateway_jwks_age_seconds)", legend: "{{issuer}}" }],
  }),
  timeseries({
    title: "Tokens remembered",
    description: "Each was verified once.",
    unit: "short",
    queries: [
      { expr: "sum(gateway_tokens_remembered)", legend: "tokens" },
      { expr: "sum(gateway_api_keys_remembered)", legend: "API keys" },
      { expr: "max(gateway_revocations)", legend: "revocations" },
    ],
  }),
  timeseries({
    title: "Threats",
    description: "What went wrong in a way that tells of its cause, a second; and who is kept out.",
    unit: "short",
    links,
    queries: [
      {
        expr: "sum by (signal) (rate(gateway_threat_signals_total[$__rate_interval]))",
        legend: "{{signal}}",
      },
      { expr: "max(gateway_blocked)", legend: "kept out now" },
    ],
  }),
  timeseries({
    title: "No requests",
    description: "Of addresses that are kept out, and bytes that are no HTTP, a second.",
    unit: "reqps",
    links,
    queries: [
      {
        expr: "sum by (rule) (rate(gateway_addresses_refused_total[$__rate_interval]))",
        legend: "address: {{rule}}",
      },
      {
        expr: "sum by (code) (rate(gateway_unreadable_requests_total[$__rate_interval]))",
        legend: "{{code}}",
      },
    ],
  }),
];

const state = [
  stat({
    title: "Limits without Redis",
    description: "1: each process decides alone. See the limiter's runbook.",
    unit: "short",
    steps: [[1, "orange"]],
    query: { expr: "max(gateway_limiter_degraded)" },
  }),
  stat({
    title: "Processes that share limits",
    description: "As the limiter sees them in Redis.",
    unit: "short",
    query: { expr: "max(gateway_limiter_processes)" },
  }),
  stat({
    title: "Keys that cannot be renewed",
    description: "Issuers whose keys should be fetched again and cannot be.",
    unit: "short",
    steps: [[1, "red"]],
    query: { expr: "sum(gateway_jwks_stale)" },
  }),
  stat({
    title: "gateway.yaml",
    description: "1: the file that is there is the one that runs. 0: it has a mistake and an older one runs.",
    unit: "short",
    steps: [[1, "green"]],
    query: { expr: "min(gateway_config_last_reload_successful)" },
  }),
  stat({
    title: "Loaded",
    description: "When the file that runs was loaded.",
    unit: "dateTimeFromNow",
    query: { expr: "1000 * max(gateway_config_loaded_timestamp_seconds)" },
  }),
  stat({
    title: "Unchecked",
    description:
      "Requests a second that went on without a check, because the service's document is not there.",
    unit: "reqps",
    steps: [[0.01, "orange"]],
    query: { expr: "sum(rate(gateway_validation_unavailable_total[$__rate_interval])) or vector(0)" },
  }),
];

export const gateway = dashboard({
  uid: "gateway",
  title: "gateway",
  description: "The edge: what comes in, by route, and what becomes of it.",
  variables: [
    {
      name: "route",
      label: "Route",
      query: 'label_values(http_server_request_duration_seconds_count{job="gateway"}, route)',
    },
  ],
  rows: [
    { title: "State", panels: state },
    { title: "Answers", panels: answersByRoute("gateway") },
    { title: "Limits", panels: limits },
    { title: "Connections", panels: upstreams },
    { title: "Who comes in", panels: identity },
    {
      title: "Look closer",
      panels: [
        traces(
          "Slow or failed",
          "By what the gateway saw.",
          '{resource.service.name="gateway" && kind=server && (duration>500ms || status=error)}',
        ),
        logs(
          "Failed requests",
          "Their lines; open one for its trace.",
          '{service_name="gateway"} | status >= 500',
        ),
      ],
    },
  ],
});
