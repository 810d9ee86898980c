import { linksOfLine } from "../explore-link.ts";
import { type Panel, timeseries } from "../panel.ts";

/** Connections to PostgreSQL as the processes that match have them. */
export function connectionPools(jobs: string): Panel[] {
  const of = `job=~"${jobs}"`;
  return [
    timeseries({
      title: "Connections in use",
      description: "Of those that the pool may open. At 100 % requests wait.",
      unit: "percentunit",
      steps: [
        [0.8, "orange"],
        [1, "red"],
      ],
      links: linksOfLine,
      queries: [
        {
          expr: `sum by (job, pool) (db_client_connection_count{${of},state="used"}) / sum by (job, pool) (db_client_connection_max{${of}})`,
          legend: "{{job}} {{pool}}",
        },
      ],
    }),
    timeseries({
      title: "Waiting for a connection",
      description: "Statements and transactions, because all connections are used.",
      unit: "short",
      steps: [[1, "orange"]],
      links: linksOfLine,
      queries: [
        {
          expr: `sum by (job, pool) (db_client_connection_pending_requests{${of}})`,
          legend: "{{job}} {{pool}}",
        },
      ],
    }),
  ];
}
