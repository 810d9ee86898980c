import { dashboard } from "../dashboard.ts";
import { linksOfLine } from "../explore-link.ts";
import { logs, timeseries, traces } from "../panel.ts";
import { arriving, consumed, deadLetters, outbox } from "./bus-panels.ts";
import { mailQueue } from "./mail-panels.ts";

export const busAndOutbox = dashboard({
  uid: "bus-and-outbox",
  title: "bus and outbox",
  description: "Events from the transaction that made them true to the one of their effect.",
  variables: [{ name: "service", label: "Service", query: "label_values(outbox_waiting_events, job)" }],
  rows: [
    {
      title: "Out",
      panels: [
        ...outbox("$service"),
        timeseries({
          title: "Batches that the bus did not take",
          description: "A minute; they are tried again.",
          unit: "opm",
          links: linksOfLine,
          queries: [
            {
              expr: '60 * sum by (job) (rate(outbox_failures_total{job=~"$service"}[$__rate_interval]))',
              legend: "{{job}}",
            },
          ],
        }),
        timeseries({
          title: "Refused for good",
          description: "Events that the bus will never take, in the time that is shown.",
          unit: "short",
          steps: [[1, "red"]],
          links: linksOfLine,
          queries: [
            {
              expr: 'sum by (job) (increase(outbox_refused_total{job=~"$service"}[$__range]))',
              legend: "{{job}}",
            },
          ],
        }),
      ],
    },
    {
      title: "In",
      panels: [
        consumed("$service"),
        timeseries({
          title: "Consumed, by type",
          description: "Events a second.",
          unit: "ops",
          queries: [
            {
              expr: 'sum by (type) (rate(events_consumed_total{job=~"$service"}[$__rate_interval]))',
              legend: "{{type}}",
            },
          ],
        }),
        ...arriving("$service"),
        deadLetters("$service"),
      ],
    },
    { title: "Mail", panels: mailQueue },
    {
      title: "Look closer",
      panels: [
        traces(
          "Slow or failed",
          "Events that took long to handle.",
          "{kind=consumer && (duration>1s || status=error)}",
        ),
        logs(
          "Troubles of the bus",
          "Of all processes.",
          '{service_namespace="ecotrack"} |~ "(?i)event|bus|dead letter|kafka" | detected_level=~"warn|error|fatal"',
        ),
      ],
    },
  ],
});
