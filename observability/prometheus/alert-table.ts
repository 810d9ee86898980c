import type { AlertFile, AlertRule } from "./alert-files.ts";

const begin = "<!-- alerts: written by `bun observability/prometheus/main.ts` -->\n";
const end = "<!-- end of alerts -->";

/** The README with the table of all alerts in its place, pages first. */
export function withAlertTable(readme: string, files: readonly AlertFile[]): string {
  const from = readme.indexOf(begin);
  const to = readme.indexOf(end);
  if (from < 0 || to < from) throw new Error(`The README has no place for the alerts: ${begin}…${end}`);
  return `${readme.slice(0, from)}${begin}\n${tableOf(files)}\n${readme.slice(to)}`;
}

function tableOf(files: readonly AlertFile[]): string {
  const rows = files
    .flatMap(({ name, rules }) => rules.map((rule) => ({ name, rule })))
    .sort((a, b) => rank(a.rule) - rank(b.rule) || a.rule.alert.localeCompare(b.rule.alert, "en"))
    .map(({ name, rule }) => row(name, rule));
  return `| alert | severity | owner | after | what it says | runbook |\n|---|---|---|---|---|---|\n${rows.join("")}`;
}

const order = ["page", "ticket", "heartbeat"];
const rank = ({ labels }: AlertRule): number => order.indexOf(labels?.severity ?? "");

function row(name: string, { alert, labels = {}, annotations = {}, for: after = "0m" }: AlertRule): string {
  const severity = labels.escalates === undefined ? labels.severity : `${labels.severity}, then page`;
  const owner = labels.owner?.startsWith("{{") ? "of the ticket" : labels.owner;
  const runbook = annotations.runbook?.split("/").at(-1) ?? "";
  const says = annotations.summary?.replaceAll(/\{\{.*?\}\}/g, "…").replaceAll("|", "\\|");
  return `| [${alert}](alerts/${name}.yaml) | ${severity} | ${owner} | ${after} | ${says} | [${runbook.replace(".md", "")}](runbooks/${runbook}) |\n`;
}
