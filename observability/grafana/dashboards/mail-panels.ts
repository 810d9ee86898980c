import { linksTo } from "../explore-link.ts";
import { timeseries } from "../panel.ts";

const links = linksTo("notification-service");

export const mailQueue = [
  timeseries({
    title: "Notifications that wait",
    description: "In the queue.",
    unit: "short",
    links,
    queries: [{ expr: "max(notification_queue_depth)", legend: "waiting" }],
  }),
  timeseries({
    title: "Age of the oldest notification",
    description: "That waits. Grows: the mail server does not take them.",
    unit: "s",
    steps: [[300, "red"]],
    links,
    queries: [{ expr: "max(notification_queue_age_seconds)", legend: "oldest" }],
  }),
  timeseries({
    title: "Attempts to deliver",
    description: "A minute, by how they ended.",
    unit: "opm",
    links,
    queries: [
      {
        expr: "60 * sum by (channel, outcome) (rate(notifications_total[$__rate_interval]))",
        legend: "{{channel}} {{outcome}}",
      },
    ],
  }),
  timeseries({
    title: "Time to deliver",
    description: "From the event to the mail server's word, p95.",
    unit: "s",
    links,
    exemplars: true,
    queries: [
      {
        expr: "histogram_quantile(0.95, sum by (le, channel) (rate(notification_delivery_duration_seconds_bucket[$__rate_interval])))",
        legend: "{{channel}}",
      },
    ],
  }),
];
