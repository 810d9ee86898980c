import { linksOfLine } from "../explore-link.ts";
import { type Panel, timeseries } from "../panel.ts";

/** Events on their way out, of the processes that match. */
export function outbox(jobs: string): Panel[] {
  const of = `job=~"${jobs}"`;
  return [
    timeseries({
      title: "Age of the oldest event",
      description:
        "That waits to be published. Grows: the bus does not take them, or the relay does not run.",
      unit: "s",
      steps: [[60, "red"]],
      links: linksOfLine,
      // Every process reads the same table.
      queries: [{ expr: `max by (job) (outbox_lag_seconds{${of}})`, legend: "{{job}}" }],
    }),
    timeseries({
      title: "Events that wait",
      description: "In the outbox.",
      unit: "short",
      links: linksOfLine,
      queries: [{ expr: `max by (job) (outbox_waiting_events{${of}})`, legend: "{{job}}" }],
    }),
    timeseries({
      title: "Published",
      description: "Events a second.",
      unit: "ops",
      links: linksOfLine,
      queries: [
        { expr: `sum by (job) (rate(outbox_published_total{${of}}[$__rate_interval]))`, legend: "{{job}}" },
      ],
    }),
  ];
}

/** What could not be handled, of the processes that match. */
export const deadLetters = (jobs: string): Panel =>
  timeseries({
    title: "Dead letters",
    description: "Events set aside that nobody has replayed: `bun run dlq`.",
    unit: "short",
    steps: [[1, "red"]],
    links: linksOfLine,
    queries: [{ expr: `max by (job) (dead_letters{job=~"${jobs}"})`, legend: "{{job}}" }],
  });

export const consumed = (jobs: string): Panel =>
  timeseries({
    title: "Consumed",
    description: "Events a second, by what came of them.",
    unit: "ops",
    links: linksOfLine,
    queries: [
      {
        expr: `sum by (job, outcome) (rate(events_consumed_total{job=~"${jobs}"}[$__rate_interval]))`,
        legend: "{{job}} {{outcome}}",
      },
    ],
  });

/** How far consumers are behind. */
export const arriving = (jobs: string): Panel[] => [
  timeseries({
    title: "Consumer lag",
    description: "Events on the bus that a service has yet to handle.",
    unit: "short",
    links: linksOfLine,
    queries: [{ expr: `max by (job) (inbox_waiting_events{job=~"${jobs}"})`, legend: "{{job}}" }],
  }),
  timeseries({
    title: "Time to the effect",
    description: "From what an event tells of to the commit of its effects, p95.",
    unit: "s",
    steps: [[10, "orange"]],
    links: linksOfLine,
    exemplars: true,
    queries: [
      {
        expr: `histogram_quantile(0.95, sum by (le, job) (rate(inbox_delay_seconds_bucket{job=~"${jobs}"}[$__rate_interval])))`,
        legend: "{{job}}",
      },
    ],
  }),
];
