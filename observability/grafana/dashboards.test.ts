import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { allDashboards } from "./all-dashboards.ts";
import { metricsIn } from "./metrics-in.ts";
import { pageAnnotations, pageQueries } from "./page-queries.ts";

interface Target {
  readonly refId: string;
  readonly datasource: { readonly type: string; readonly uid: string };
}
interface PagePanel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly description?: string;
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly Target[];
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
}
interface Page {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly panels: readonly PagePanel[];
  readonly templating: { readonly list: readonly { readonly name: string }[] };
}
interface Source {
  readonly uid: string;
  readonly type: string;
  readonly jsonData: Readonly<Record<string, unknown>>;
}

const folder = join(import.meta.dirname, "dashboards");
const pages = [...allDashboards].map(([file, text]) => ({ file, text, page: JSON.parse(text) as Page }));
const sourcesText = readFileSync(
  join(import.meta.dirname, "provisioning/datasources/datasources.yaml"),
  "utf8",
);
const sources = (parse(sourcesText) as { datasources: Source[] }).datasources;

const repeated = <T>(values: readonly T[]): T[] => values.filter((value, at) => values.indexOf(value) !== at);

test("the files that Grafana reads are the ones that the code writes: `bun observability/grafana/main.ts`", () => {
  expect(
    readdirSync(folder)
      .filter((name) => name.endsWith(".json"))
      .sort(),
  ).toEqual([...allDashboards.keys()].sort());
  for (const [name, text] of allDashboards) expect(readFileSync(join(folder, name), "utf8")).toBe(text);
});

test("no two dashboards have the same address or title", () => {
  expect(repeated(pages.map(({ page }) => page.uid))).toEqual([]);
  expect(repeated(pages.map(({ page }) => page.title))).toEqual([]);
});

for (const { file, text, page } of pages) {
  const panels = page.panels.filter(({ type }) => type !== "row");
  describe(file, () => {
    test("tells what each panel shows, in which unit, and from a source that is there", () => {
      expect(repeated(page.panels.map(({ id }) => id))).toEqual([]);
      const uids = sources.map(({ uid }) => uid);
      for (const { title, description, datasource, targets = [] } of panels) {
        expect([title, title === "" || (description ?? "") === ""]).toEqual([title, false]);
        for (const uid of [datasource?.uid, ...targets.map((target) => target.datasource.uid)])
          expect(uids).toContain(uid ?? "");
        expect(repeated(targets.map(({ refId }) => refId))).toEqual([]);
      }
      const ofMetrics = panels.filter(({ datasource }) => datasource?.uid === "prometheus");
      expect(ofMetrics.filter((panel) => !/"unit":|"id":"unit"/.test(JSON.stringify(panel)))).toEqual([]);
    });
    test("has no panel over another or beyond the page", () => {
      const taken = new Set<string>();
      for (const { title, gridPos } of page.panels) {
        expect([title, gridPos.x + gridPos.w <= 24]).toEqual([title, true]);
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
            expect([title, taken.has(`${x},${y}`)]).toEqual([title, false]);
            taken.add(`${x},${y}`);
          }
        }
      }
    });
    test("reads only variables that it or Grafana has, and offers none that nothing reads", () => {
      const own = page.templating.list.map(({ name }) => name);
      const queries = [
        ...pageQueries(text, "prometheus"),
        ...pageQueries(text, "loki"),
        ...pageQueries(text, "tempo"),
      ];
      const read = new Set(
        queries.flatMap((expr) => [...expr.matchAll(/\$(\w+)/g)].map(([, name = ""]) => name)),
      );
      for (const name of own) expect(read).toContain(name);
      for (const name of ["__rate_interval", "__range"]) read.delete(name);
      expect([...read].filter((name) => !own.includes(name))).toEqual([]);
    });
    test("has balanced queries", () => {
      for (const expr of [
        ...pageQueries(text, "loki"),
        ...pageQueries(text, "tempo"),
        ...pageAnnotations(text),
      ]) {
        expect([expr, balanced(expr)]).toEqual([expr, true]);
      }
    });
  });
}

function balanced(expr: string): boolean {
  const open: string[] = [];
  const pairs: Readonly<Record<string, string>> = { ")": "(", "}": "{", "]": "[" };
  for (const sign of expr.replaceAll(/"(?:[^"\\]|\\.)*"/g, "")) {
    if ("({[".includes(sign)) open.push(sign);
    else if (sign in pairs && open.pop() !== pairs[sign]) return false;
  }
  return open.length === 0;
}

test("each source leads to the others: a metric and a line to the trace, a trace to its lines and metrics", () => {
  const of = (type: string) => sources.find((source) => source.type === type)?.jsonData ?? {};
  expect(sources.map(({ uid, type }) => uid === type)).toEqual([true, true, true, true]);
  expect(of("prometheus").exemplarTraceIdDestinations).toMatchObject([
    { name: "trace_id", datasourceUid: "tempo" },
  ]);
  expect(of("loki").derivedFields).toMatchObject([{ matcherRegex: "trace_id", datasourceUid: "tempo" }]);
  expect(of("tempo")).toMatchObject({
    tracesToLogsV2: { datasourceUid: "loki" },
    tracesToMetrics: { datasourceUid: "prometheus" },
    serviceMap: { datasourceUid: "prometheus" },
  });
  // In provisioning a single dollar would be taken for a variable of the environment.
  expect(sourcesText.match(/(?<!\$)\$(?!\$)/g)).toBeNull();
});

test("the metrics of an expression are told from its functions, labels and operators", () => {
  expect(
    metricsIn(
      'histogram_quantile(0.95, sum by (le, job) (rate(a_bucket{job="x",route=~"$route"}[$__rate_interval]))) / on (slo) group_left b:c:rate5m > bool 3 or vector(0) unless d',
    ),
  ).toEqual(["a_bucket", "b:c:rate5m", "d"]);
});
