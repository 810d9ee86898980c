import { dashboard } from "../dashboard.ts";
import { linksTo } from "../explore-link.ts";
import { table, timeseries } from "../panel.ts";

const chosen = 'slo=~"$slo",class=~"$class"';
const budget = "on (slo, class) group_left slo:error_budget:ratio";
const legend = "{{class}} {{slo}}";

const burn = (long: string, short: string, rate: number) =>
  timeseries({
    title: `Burn rate over ${long}`,
    description: `How many times as fast as the month allows. An alert fires when ${long} and ${short} are both above ${rate}.`,
    unit: "short",
    width: 12,
    steps: [[rate, "red"]],
    links: linksTo("gateway"),
    queries: [
      { expr: `slo:bad:ratio_rate${long}{${chosen}} / ${budget}`, legend },
      { expr: `slo:bad:ratio_rate${short}{${chosen}} / ${budget}`, legend: `${legend}, ${short}` },
    ],
  });

export const objectives = dashboard({
  uid: "objectives",
  title: "objectives and error budget",
  description:
    "What slo.yaml promises, by class of request: how much of the month's budget is left, and how fast it goes.",
  variables: [
    { name: "slo", label: "Objective", query: "label_values(slo:error_budget:ratio, slo)" },
    { name: "class", label: "Class", query: "label_values(slo:error_budget:ratio, class)" },
  ],
  rows: [
    {
      title: "This month",
      panels: [
        table({
          title: "Error budget that is left",
          description:
            "Of the last 30 days'. Below zero the promise is broken: reliability comes before features.",
          unit: "percentunit",
          steps: [
            [0, "orange"],
            [0.25, "green"],
          ],
          query: { expr: `slo:error_budget:remaining_ratio{${chosen}}` },
        }),
        timeseries({
          title: "Error budget that is left",
          description: "As it went.",
          unit: "percentunit",
          width: 12,
          queries: [{ expr: `slo:error_budget:remaining_ratio{${chosen}}`, legend }],
        }),
      ],
    },
    {
      title: "How fast it goes",
      panels: [burn("1h", "5m", 14.4), burn("6h", "30m", 6), burn("1d", "2h", 3), burn("3d", "6h", 1)],
    },
    {
      title: "Requests",
      panels: [
        timeseries({
          title: "That count",
          description: "A second, by class.",
          unit: "reqps",
          width: 12,
          queries: [{ expr: `slo:requests:rate5m{${chosen}}`, legend }],
        }),
        timeseries({
          title: "That are bad",
          description: "Failed, or too late, a second.",
          unit: "reqps",
          width: 12,
          links: linksTo("gateway"),
          queries: [{ expr: `slo:bad_requests:rate5m{${chosen}}`, legend }],
        }),
      ],
    },
  ],
});
