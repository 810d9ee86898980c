import { linksOfLine } from "../explore-link.ts";
import { type Panel, timeseries } from "../panel.ts";

/** What a process takes of the machine. */
export function runtimePanels(jobs: string): Panel[] {
  const of = `job=~"${jobs}"`;
  return [
    timeseries({
      title: "Processor",
      description:
        "Cores. A process can use one, and a little for its collector; in compose and the chart it may have one.",
      unit: "short",
      steps: [[0.8, "orange"]],
      links: linksOfLine,
      queries: [
        {
          expr: `sum by (job, instance) (rate(process_cpu_seconds_total{${of}}[$__rate_interval]))`,
          legend: "{{job}} {{instance}}",
        },
      ],
    }),
    timeseries({
      title: "Memory",
      description: "Resident. Beyond 384 MiB the container is ended.",
      unit: "bytes",
      steps: [
        [300e6, "orange"],
        [402_653_184, "red"],
      ],
      links: linksOfLine,
      queries: [{ expr: `process_resident_memory_bytes{${of}}`, legend: "{{job}} {{instance}}" }],
    }),
    timeseries({
      title: "Event loop",
      description: "How late it is, p99 since the last scrape. All requests of the process wait so long.",
      unit: "s",
      steps: [[0.1, "orange"]],
      links: linksOfLine,
      queries: [{ expr: `nodejs_eventloop_lag_p99_seconds{${of}}`, legend: "{{job}} {{instance}}" }],
    }),
  ];
}
