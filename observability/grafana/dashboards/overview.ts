import { dashboard } from "../dashboard.ts";
import { linksOfLine, linksTo } from "../explore-link.ts";
import { logs, stat, table, timeseries, traces } from "../panel.ts";

const available = stat({
  title: "Answers without a failure",
  description: "At the gateway, over five minutes. Promised are 99.9 %.",
  unit: "percentunit",
  decimals: 2,
  steps: [
    [0.99, "orange"],
    [0.999, "green"],
  ],
  links: linksTo("gateway"),
  query: { expr: '1 - job:http_errors:ratio_rate5m{job="gateway"}' },
});
const p95 = stat({
  title: "p95",
  description: "Of all answers at the gateway, over five minutes.",
  unit: "s",
  steps: [
    [0.2, "orange"],
    [2, "red"],
  ],
  links: linksTo("gateway"),
  query: { expr: 'job:http_request_duration_seconds:p95_rate5m{job="gateway"}' },
});
const requests = stat({
  title: "Requests",
  description: "A second, at the gateway.",
  unit: "reqps",
  query: { expr: 'job:http_requests:rate5m{job="gateway"}' },
});
const down = stat({
  title: "Processes down",
  description: "What Prometheus cannot scrape.",
  unit: "short",
  steps: [[1, "red"]],
  query: { expr: "count(up == 0) or vector(0)" },
});
const firing = stat({
  title: "Alerts",
  description: "That fire now, pages and tickets.",
  unit: "short",
  steps: [[1, "orange"]],
  query: {
    expr: 'count(ALERTS{alertstate="firing",severity=~"page|ticket"}) or vector(0)',
  },
});
const sold = stat({
  title: "Orders confirmed",
  description: "In the time that is shown.",
  unit: "short",
  decimals: 0,
  query: { expr: 'sum(increase(orders_total{order_status="confirmed"}[$__range]))' },
});

export const overview = dashboard({
  uid: "overview",
  title: "overview",
  description: "Is the shop open, how fast is it, and what is wrong? Click a line for its logs and traces.",
  rows: [
    { title: "Now", panels: [available, p95, requests, down, firing, sold] },
    {
      title: "Processes",
      panels: [
        timeseries({
          title: "Requests",
          description:
            "Each process counts what it answers: one order is counted at the gateway and at three services.",
          unit: "reqps",
          links: linksOfLine,
          queries: [{ expr: "job:http_requests:rate1m", legend: "{{job}}" }],
        }),
        timeseries({
          title: "Failures",
          description: "The share of 5xx. Above 5 % for five minutes somebody is woken.",
          unit: "percentunit",
          steps: [[0.05, "red"]],
          links: linksOfLine,
          queries: [{ expr: "job:http_errors:ratio_rate1m", legend: "{{job}}" }],
        }),
        timeseries({
          title: "p95",
          description: "Above 2 s for five minutes somebody is woken.",
          unit: "s",
          steps: [[2, "red"]],
          links: linksOfLine,
          queries: [{ expr: "job:http_request_duration_seconds:p95_rate5m", legend: "{{job}}" }],
        }),
      ],
    },
    {
      title: "The shop",
      panels: [
        timeseries({
          title: "Orders",
          description: "That reached a status, a minute.",
          unit: "opm",
          links: linksTo("order-service"),
          queries: [
            {
              expr: "60 * sum by (order_status) (rate(orders_total[$__rate_interval]))",
              legend: "{{order_status}}",
            },
          ],
        }),
        timeseries({
          title: "Payment failures",
          description:
            "Of a provider's answers to a charge, over five minutes. Above 10 % somebody is woken.",
          unit: "percentunit",
          steps: [[0.1, "red"]],
          links: linksTo("payment-service"),
          queries: [{ expr: "payments:failures:ratio_rate5m", legend: "{{gateway}}" }],
        }),
        timeseries({
          title: "People",
          description: "Who signed in or renewed their session within half an hour.",
          unit: "short",
          queries: [{ expr: "shop:active_users:max", legend: "people" }],
        }),
      ],
    },
    {
      title: "What is wrong",
      panels: [
        table({
          title: "Alerts",
          description: "That fire or are about to, each with its runbook: observability/README.md.",
          unit: "short",
          links: [{ title: "In Alertmanager", url: "/alerting/groups?alertmanager=Alertmanager" }],
          query: {
            expr: 'count by (severity, owner, alertname, alertstate) (ALERTS{severity=~"page|ticket"})',
          },
        }),
        traces(
          "Slow or failed",
          "Whole traces over a second, or with a failure.",
          '{resource.service.namespace="ecotrack" && (duration>1s || status=error)}',
        ),
        logs(
          "Warnings and errors",
          "Of all processes; open a line for its trace.",
          '{service_namespace="ecotrack"} | detected_level=~"warn|error|fatal"',
        ),
      ],
    },
  ],
});
