import type { Field, Label, Metric, Span, Telemetry } from "./telemetry.ts";

/** TELEMETRY.md: the register for people. */
export function telemetryPage({ metrics, spans, log }: Telemetry): string {
  return `# Telemetry

Written from \`telemetry.yaml\` by \`bun run telemetry docs\`. Every sample has the label \`service\` too.

## Metrics

${table(["metric", "type", "unit", "labels", "of", "owner", "what it says"], metrics.map(metricRow))}

## Spans

A name is put together of attributes, in braces; those in italics are not always there.

${table(["span", "kind", "of", "attributes", "owner", "what it is"], spans.map(spanRow))}

## Fields of log lines

${table(["field", "type", "owner", "what it says"], log.map(fieldRow))}
`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows];
  return lines
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`)
    .join("\n");
}

const code = (text: string): string => `\`${text}\``;
const where = (written: Metric["in"]): string => (typeof written === "string" ? written : written.join(", "));

function metricRow({ name, type, unit, labels = {}, in: processes, when, owner, says }: Metric): string[] {
  const written = Object.entries(labels).map(([label, of]) => `${code(label)}: ${labelText(of)}`);
  const sentence = when === undefined ? says : `${says} Only where ${when}.`;
  return [code(name), type, unit, written.join("<br>"), where(processes), owner, sentence];
}

function labelText(label: Label): string {
  if ("bound" in label) return `${label.of}, at most ${label.bound}`;
  return Object.values(label.values).flat().join(", ");
}

function spanRow({
  name,
  kind,
  in: processes,
  attributes,
  sometimes = [],
  owner,
  rare,
  says,
}: Span): string[] {
  const written = [...attributes.map(code), ...sometimes.map((each) => `_${code(each)}_`)].join(" ");
  const sentence = rare === undefined ? says : `${says} Rare: ${rare}.`;
  return [code(name), kind, where(processes), written, owner, sentence];
}

const fieldRow = ({ name, type, members, owner, says }: Field): string[] => [
  code(name),
  members ? `${type}: ${members.join(", ")}` : type,
  owner,
  says,
];
