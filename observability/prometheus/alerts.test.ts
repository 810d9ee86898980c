import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { metricsIn } from "../grafana/metrics-in.ts";
import { processNames, readTelemetry } from "../telemetry/telemetry.ts";
import { readAlerts, readRecords, readRuleTests, ruleFileNames } from "./alert-files.ts";
import { withAlertTable } from "./alert-table.ts";
import { impossibleSelectors, readExporters, seriesOf } from "./known-metrics.ts";

const observability = join(import.meta.dir, "..");
const alertFolder = join(observability, "alerts");
const ruleFolder = join(observability, "prometheus/rules");
const alertFiles = readAlerts(alertFolder);
const alerts = alertFiles.flatMap(({ name, rules }) => rules.map((rule) => ({ file: name, ...rule })));
const records = readRecords(ruleFolder);
const owners = ["edge", "identity", "orders", "payments", "notifications", "data", "platform"];

test("there are alerts and recording rules", () => {
  expect(alerts.length).toBeGreaterThan(30);
  expect(records.length).toBeGreaterThan(50);
});

test("an alert has a file of its own, and no two have one name", () => {
  expect(alertFiles.filter(({ rules }) => rules.length !== 1).map(({ name }) => name)).toEqual([]);
  expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
});

describe.each(alerts)("$alert", ({ file, alert, labels = {}, annotations = {} }) => {
  test("says how urgent it is and whose", () => {
    expect(alert === "Watchdog" ? ["heartbeat"] : ["page", "ticket"]).toContain(labels.severity ?? "");
    // That of the ticket, which has one.
    if (alert !== "TicketLeftAlone") expect(owners).toContain(labels.owner ?? "");
    if (labels.escalates !== undefined) expect(labels).toMatchObject({ severity: "ticket", escalates: "2h" });
  });

  test("says what is wrong, with values", () => {
    expect(annotations.summary?.length).toBeGreaterThan(10);
    expect(annotations.description?.length).toBeGreaterThan(20);
    expect(`${annotations.summary} ${annotations.description}`).toMatch(
      /\{\{.*\$(value|labels).*\}\}|Prometheus has|It runs/,
    );
  });

  test("has a runbook", () => {
    expect(annotations.runbook).toMatch(/^observability\/runbooks\/[a-z-]+\.md$/);
    expect(existsSync(join(observability, "..", annotations.runbook ?? ""))).toBe(true);
  });

  test("is tested for firing and for staying quiet", () => {
    const { rule_files, tests } = readRuleTests(alertFolder, file);
    const cases = tests.flatMap(({ alert_rule_test = [] }) => alert_rule_test);
    const own = cases.filter(({ alertname }) => alertname === alert);
    expect(rule_files).toContain(`${file}.yaml`);
    expect(own.some(({ exp_alerts = [] }) => exp_alerts.length > 0)).toBe(true);
    expect(own.some(({ exp_alerts = [] }) => exp_alerts.length === 0)).toBe(true);
  });
});

test("a recording rule is tested for having a value and, unless it is a constant, for having none", () => {
  const cases = ruleFileNames(ruleFolder)
    .flatMap((name) => readRuleTests(ruleFolder, name).tests)
    .flatMap(({ promql_expr_test = [] }) => promql_expr_test);
  const hasCase = (record: string, filled: boolean) =>
    cases.some(
      ({ expr, exp_samples = [] }) => metricsIn(expr).includes(record) && exp_samples.length > 0 === filled,
    );
  const untested = records.filter(
    ({ record, expr }) =>
      !hasCase(record, true) || !(hasCase(record, false) || /^vector\([\d.]+\)$/.test(expr)),
  );
  expect(untested.map(({ record }) => record)).toEqual([]);
});

describe("what rules read", () => {
  const series = seriesOf(readTelemetry());
  const exported = readExporters().flatMap(({ metrics }) => metrics);
  const known = new Set([...series.keys(), ...exported, ...records.map(({ record }) => record)]);
  const namesIn = (expr: string) => [
    ...metricsIn(expr),
    ...[...expr.matchAll(/__name__=~"([^"]+)"/g)].flatMap(([, names = ""]) => names.split("|")),
  ];
  const exprs = [...alerts, ...records].map(({ expr }) => expr);

  test("is what the code or a named exporter has", () => {
    const unknown = exprs.flatMap(namesIn).filter((name) => !known.has(name));
    expect([...new Set(unknown)]).toEqual([]);
  });

  test("is selected by labels that it has", () => {
    expect(exprs.flatMap((expr) => impossibleSelectors(expr, series))).toEqual([]);
  });

  test("of an exporter is read by some rule", () => {
    const read = new Set(exprs.flatMap(namesIn));
    expect(exported.filter((name) => !read.has(name))).toEqual([]);
  });

  test("in runbooks exists, too", () => {
    const folder = join(observability, "runbooks");
    const unknown = readdirSync(folder).flatMap((file) => {
      const text = readFileSync(join(folder, file), "utf8");
      const queries = [...text.matchAll(/```promql\n([\s\S]*?)```/g)].map(([, query = ""]) => query);
      const wrong = queries.flatMap((query) => [
        ...namesIn(query).filter((name) => !known.has(name)),
        ...impossibleSelectors(query, series),
      ]);
      return wrong.map((name) => `${file}: ${name}`);
    });
    expect(unknown).toEqual([]);
  });
});

test("prometheus.yml lists every file of rules, and nothing else", () => {
  const { rule_files } = parse(readFileSync(join(observability, "prometheus/prometheus.yml"), "utf8")) as {
    rule_files: string[];
  };
  const there = [
    ...ruleFileNames(ruleFolder).map((name) => `rules/${name}.yaml`),
    ...ruleFileNames(alertFolder).map((name) => `../alerts/${name}.yaml`),
  ];
  expect(rule_files.toSorted()).toEqual(there.toSorted());
});

test("jobs have the names of the processes, by which rules know them", () => {
  const { scrape_configs } = parse(
    readFileSync(join(observability, "prometheus/prometheus.yml"), "utf8"),
  ) as { scrape_configs: { job_name: string }[] };
  expect(scrape_configs.map(({ job_name }) => job_name)).toEqual(expect.arrayContaining([...processNames]));
});

test("the README's table is what `bun observability/prometheus/main.ts` writes", () => {
  const readme = readFileSync(join(observability, "README.md"), "utf8");
  expect(readme).toBe(withAlertTable(readme, alertFiles));
});
