/** Panels as Grafana keeps them, from the little that tells one from another. */

/** The `uid`s that provisioning/datasources/datasources.yaml gives. */
export type Datasource = "prometheus" | "loki" | "tempo";

export interface Query {
  /** PromQL, LogQL or TraceQL. */
  readonly expr: string;
  /** Of the line; `{{label}}` stands for a label's value. */
  readonly legend?: string;
}

/** A value from which on the panel has this colour. */
export type Step = readonly [value: number, colour: "green" | "orange" | "red"];

export interface Panel {
  readonly title: string;
  readonly type: string;
  /** Of the 24 columns of a page. */
  readonly width: number;
  readonly height: number;
  readonly datasource: Datasource;
  readonly [property: string]: unknown;
}

interface Look {
  readonly title: string;
  /** What it tells, and what to do when it looks wrong. */
  readonly description: string;
  /** One of Grafana's: s, reqps, percentunit, bytes, short. */
  readonly unit: string;
  /** Above (or below, when `green` stands at the top) which it looks wrong. */
  readonly steps?: readonly Step[];
  readonly width?: number;
  readonly links?: readonly Link[];
}

export interface Link {
  readonly title: string;
  readonly url: string;
}

const source = (datasource: Datasource) => ({ type: datasource, uid: datasource });
const letters = "ABCDEFGH";

function targets(datasource: Datasource, queries: readonly Query[], more: object): object[] {
  return queries.map(({ expr, legend }, at) => ({
    refId: letters[at],
    datasource: source(datasource),
    expr,
    ...(legend !== undefined && { legendFormat: legend }),
    ...more,
  }));
}

const thresholds = (steps: readonly Step[]) => ({
  mode: "absolute",
  // The first step has no value: it holds below all others.
  steps: [{ color: below(steps), value: null }, ...steps.map(([value, color]) => ({ color, value }))],
});
const below = (steps: readonly Step[]): string => (steps.at(-1)?.[1] === "green" ? "red" : "green");

/** Lines over time. */
export function timeseries({
  title,
  description,
  unit,
  steps = [],
  width = 8,
  links = [],
  ...rest
}: Look & {
  readonly queries: readonly Query[];
  readonly stacked?: boolean;
  /** Shows traces as dots, where a histogram carries their ids. */
  readonly exemplars?: boolean;
}): Panel {
  const { queries, stacked = false, exemplars = false } = rest;
  return {
    title,
    description,
    type: "timeseries",
    width,
    height: 8,
    datasource: "prometheus",
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        links,
        thresholds: thresholds(steps),
        color: { mode: "palette-classic" },
        custom: {
          fillOpacity: stacked ? 30 : 8,
          showPoints: "never",
          stacking: { mode: stacked ? "normal" : "none" },
          thresholdsStyle: { mode: steps.length > 0 ? "dashed" : "off" },
        },
      },
      overrides: [],
    },
    options: {
      legend: { displayMode: "table", placement: "bottom", calcs: ["mean", "max", "lastNotNull"] },
      tooltip: { mode: "multi", sort: "desc" },
    },
    targets: targets("prometheus", queries, exemplars ? { exemplar: true } : {}),
  };
}

/** One figure, of now. */
export function stat({
  title,
  description,
  unit,
  steps = [],
  width = 4,
  links = [],
  ...rest
}: Look & {
  readonly query: Query;
  readonly decimals?: number;
}): Panel {
  const { query, decimals } = rest;
  return {
    title,
    description,
    type: "stat",
    width,
    height: 4,
    datasource: "prometheus",
    fieldConfig: {
      defaults: { unit, links, thresholds: thresholds(steps), ...(decimals !== undefined && { decimals }) },
      overrides: [],
    },
    options: {
      reduceOptions: { calcs: ["lastNotNull"] },
      colorMode: steps.length > 0 ? "background" : "none",
      graphMode: "area",
    },
    targets: targets("prometheus", [query], {}),
  };
}

/** A line for each series, of now, the largest first. */
export function table({
  title,
  description,
  unit,
  steps = [],
  width = 12,
  links = [],
  ...rest
}: Look & {
  readonly query: Query;
}): Panel {
  return {
    title,
    description,
    type: "table",
    width,
    height: 8,
    datasource: "prometheus",
    fieldConfig: {
      defaults: { links, custom: { filterable: true } },
      overrides: [
        {
          matcher: { id: "byName", options: "Value" },
          properties: [
            { id: "unit", value: unit },
            { id: "thresholds", value: thresholds(steps) },
          ],
        },
      ],
    },
    options: { sortBy: [{ displayName: "Value", desc: true }] },
    transformations: [{ id: "organize", options: { excludeByName: { Time: true, __name__: true } } }],
    targets: targets("prometheus", [rest.query], { instant: true, range: false, format: "table" }),
  };
}

/** Log lines as they come, each with a link to its trace. */
export function logs(title: string, description: string, expr: string): Panel {
  return {
    title,
    description,
    type: "logs",
    width: 12,
    height: 10,
    datasource: "loki",
    options: { showTime: true, enableLogDetails: true, sortOrder: "Descending", wrapLogMessage: true },
    targets: targets("loki", [{ expr }], { queryType: "range" }),
  };
}

/** The latest traces that a TraceQL query finds. */
export function traces(title: string, description: string, query: string): Panel {
  return {
    title,
    description,
    type: "table",
    width: 12,
    height: 10,
    datasource: "tempo",
    fieldConfig: { defaults: {}, overrides: [] },
    targets: [
      {
        refId: "A",
        datasource: source("tempo"),
        queryType: "traceql",
        query,
        limit: 20,
        tableType: "traces",
      },
    ],
  };
}
