import { dashboard } from "../dashboard.ts";
import { linksOfLine } from "../explore-link.ts";
import { table, timeseries } from "../panel.ts";
import { runtimePanels } from "./runtime-panels.ts";

const legend = "{{job}} {{instance}}";
const of = 'job=~"$service"';

export const runtime = dashboard({
  uid: "runtime",
  title: "runtime",
  description: "What the processes take of the machines, and what becomes of their traces.",
  variables: [{ name: "service", label: "Process", query: "label_values(process_start_time_seconds, job)" }],
  rows: [
    { title: "Machine", panels: runtimePanels("$service") },
    {
      title: "Inside",
      panels: [
        timeseries({
          title: "Heap in use",
          description: "Grows without end: a leak.",
          unit: "bytes",
          links: linksOfLine,
          queries: [{ expr: `nodejs_heap_size_used_bytes{${of}}`, legend }],
        }),
        timeseries({
          title: "Outside the heap",
          description: "Buffers.",
          unit: "bytes",
          queries: [{ expr: `nodejs_external_memory_bytes{${of}}`, legend }],
        }),
        timeseries({
          title: "Open files",
          description: "Of those it may open, sockets among them.",
          unit: "percentunit",
          steps: [[0.8, "red"]],
          queries: [{ expr: `process_open_fds{${of}} / process_max_fds{${of}}`, legend }],
        }),
        timeseries({
          title: "Starts",
          description: "In the time that is shown; the first one of a process is not seen.",
          unit: "short",
          links: linksOfLine,
          queries: [{ expr: `changes(process_start_time_seconds{${of}}[$__range])`, legend }],
        }),
        table({
          title: "Running since",
          description: "The start of each process.",
          unit: "dateTimeFromNow",
          width: 8,
          query: { expr: `1000 * max by (job, instance) (process_start_time_seconds{${of}})` },
        }),
        table({
          title: "Versions",
          description: "What runs, and on what.",
          unit: "short",
          width: 8,
          query: { expr: `count by (job, version, revision, runtime) (build_info{${of}})` },
        }),
      ],
    },
    {
      title: "Telemetry itself",
      panels: [
        timeseries({
          title: "Scrapes",
          description: "How long Prometheus takes to read a process.",
          unit: "s",
          steps: [[1, "orange"]],
          queries: [{ expr: `scrape_duration_seconds{${of}}`, legend }],
        }),
        timeseries({
          title: "Series",
          description: "That a scrape brings. Grows without end: a label that takes any value.",
          unit: "short",
          queries: [{ expr: `scrape_samples_scraped{${of}}`, legend }],
        }),
        timeseries({
          title: "Spans",
          description: "A second: taken by the collector, and lost because it does not take them.",
          unit: "ops",
          queries: [
            {
              expr: `sum by (job) (rate(trace_spans_exported_total{${of}}[$__rate_interval]))`,
              legend: "{{job}} taken",
            },
            {
              expr: `sum by (job, reason) (rate(trace_spans_dropped_total{${of}}[$__rate_interval]))`,
              legend: "{{job}} lost: {{reason}}",
            },
          ],
        }),
        timeseries({
          title: "Spans that wait",
          description: "For the collector. At 2048 a process begins to drop.",
          unit: "short",
          steps: [[2048, "red"]],
          queries: [{ expr: `trace_spans_waiting{${of}}`, legend }],
        }),
      ],
    },
  ],
});
