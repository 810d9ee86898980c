import type { Panel } from "./panel.ts";

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** A choice at the top of a page, offered from the values that a label has. */
export interface Variable {
  readonly name: string;
  readonly label: string;
  /** `label_values(…)`. */
  readonly query: string;
}

export interface DashboardOptions {
  /** Part of its address: stays, whatever becomes of the title. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables?: readonly Variable[];
  readonly rows: readonly Row[];
}

const columns = 24;
const prometheus = { type: "prometheus", uid: "prometheus" };

/** A page of Grafana, as its file provider reads it. */
export function dashboard({ uid, title, description, variables = [], rows }: DashboardOptions): object {
  return {
    uid: `ecotrack-${uid}`,
    title: `EcoTrack: ${title}`,
    description,
    tags: ["ecotrack"],
    timezone: "browser",
    schemaVersion: 41,
    editable: false,
    graphTooltip: 1,
    refresh: "30s",
    time: { from: "now-1h", to: "now" },
    templating: { list: variables.map(chooser) },
    annotations: { list: [restarts, firing] },
    links: [
      {
        title: "EcoTrack",
        type: "dashboards",
        tags: ["ecotrack"],
        asDropdown: true,
        includeVars: true,
        keepTime: true,
      },
    ],
    panels: arrange(rows),
  };
}

const chooser = ({ name, label, query }: Variable) => ({
  name,
  label,
  type: "query",
  datasource: prometheus,
  query: { query, refId: name },
  definition: query,
  refresh: 2,
  sort: 1,
  multi: true,
  includeAll: true,
  allValue: ".*",
  current: { text: "All", value: "$__all" },
});

/** What explains a jump in a line, drawn through all of them. */
const restarts = {
  name: "Restarts",
  datasource: prometheus,
  enable: true,
  iconColor: "blue",
  expr: "changes(process_start_time_seconds[1m]) > 0",
  titleFormat: "{{job}} started anew",
};
const firing = {
  name: "Pages",
  datasource: prometheus,
  enable: true,
  iconColor: "red",
  expr: 'ALERTS{alertstate="firing",severity="page"}',
  titleFormat: "{{alertname}}",
};

/** From left to right and downwards, as words in a text. */
function arrange(rows: readonly Row[]): object[] {
  const placed: object[] = [];
  let y = 0;
  for (const row of rows) {
    placed.push({
      id: placed.length + 1,
      type: "row",
      title: row.title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: columns, h: 1 },
    });
    y += 1;
    let x = 0;
    let tallest = 0;
    for (const { width, height, datasource, ...panel } of row.panels) {
      if (x + width > columns) {
        y += tallest;
        x = 0;
        tallest = 0;
      }
      const gridPos = { x, y, w: width, h: height };
      placed.push({
        id: placed.length + 1,
        ...panel,
        datasource: { type: datasource, uid: datasource },
        gridPos,
      });
      x += width;
      tallest = Math.max(tallest, height);
    }
    y += tallest;
  }
  return placed;
}
