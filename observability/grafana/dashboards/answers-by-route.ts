import { linksTo } from "../explore-link.ts";
import { type Panel, table, timeseries } from "../panel.ts";

/** Rate, errors and duration of one process, of the routes that are chosen at the top. */
export function answersByRoute(job: string): Panel[] {
  const links = linksTo(job);
  const chosen = `job="${job}",route=~"$route"`;
  const buckets = `sum by (le) (rate(http_server_request_duration_seconds_bucket{${chosen}}[$__rate_interval]))`;
  return [
    timeseries({
      title: "Requests",
      description: "A second, by status.",
      unit: "reqps",
      stacked: true,
      links,
      queries: [
        {
          expr: `sum by (status) (rate(http_server_request_duration_seconds_count{${chosen}}[$__rate_interval]))`,
          legend: "{{status}}",
        },
      ],
    }),
    timeseries({
      title: "Failures",
      description: "The share of 5xx, by route. No line: there was none.",
      unit: "percentunit",
      steps: [[0.05, "red"]],
      links,
      queries: [
        {
          expr: `sum by (method, route) (rate(http_server_request_duration_seconds_count{${chosen},status=~"5.."}[$__rate_interval])) / sum by (method, route) (rate(http_server_request_duration_seconds_count{${chosen}}[$__rate_interval]))`,
          legend: "{{method}} {{route}}",
        },
      ],
    }),
    timeseries({
      title: "Duration",
      description: "Until an answer begins. Each dot is a trace: click it.",
      unit: "s",
      steps: [[0.2, "orange"]],
      links,
      exemplars: true,
      queries: [0.5, 0.95, 0.99].map((share) => ({
        expr: `histogram_quantile(${share}, ${buckets})`,
        legend: `p${share * 100}`,
      })),
    }),
    table({
      title: "Requests by route",
      description: "A second, over five minutes.",
      unit: "reqps",
      links,
      query: { expr: `sum by (method, route) (job_route:http_requests:rate5m{${chosen}})` },
    }),
    table({
      title: "p95 by route",
      description: "Over five minutes.",
      unit: "s",
      links,
      steps: [
        [0.2, "orange"],
        [2, "red"],
      ],
      query: {
        expr: `max by (method, route) (job_route:http_request_duration_seconds:p95_rate5m{${chosen}})`,
      },
    }),
  ];
}
