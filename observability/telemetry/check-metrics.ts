import type { ExposedFamily } from "./parse-exposition.ts";
import { type Label, type Metric, processesOf, type Telemetry, valuesOf } from "./telemetry.ts";

/** Labels that every process gives its samples, and the gateway's that tells its processes apart. */
const common = new Set(["service", "process"]);

/** What one process exposes and the register does not say so, and the other way round; a sentence each. */
export function checkMetrics(
  { metrics }: Telemetry,
  process: string,
  exposed: readonly ExposedFamily[],
): readonly string[] {
  const documented = new Map(
    metrics
      .filter((metric) => processesOf(metric.in).includes(process))
      .map((metric) => [metric.name, metric]),
  );
  const missing = [...documented.values()]
    .filter(({ name }) => exposed.every((family) => family.name !== name))
    .map(({ name }) => `${process} does not expose ${name}`);
  return [
    ...missing,
    ...exposed.flatMap((family) => {
      const metric = documented.get(family.name);
      if (!metric) return `${process} exposes ${family.name}, which telemetry.yaml does not say`;
      return checkFamily(metric, family, process).map((mistake) => `${process}: ${family.name} ${mistake}`);
    }),
  ];
}

function checkFamily(metric: Metric, { type, samples }: ExposedFamily, process: string): string[] {
  const labels = metric.labels ?? {};
  const mistakes = type === metric.type ? [] : [`is a ${type} and not a ${metric.type}`];
  const found = Map.groupBy(
    samples.flatMap((sample) => Object.entries(sample.labels)).filter(([name]) => !common.has(name)),
    ([name]) => name,
  );
  for (const [name, pairs] of found) {
    const label = labels[name];
    const values = new Set(pairs.map(([, value]) => value));
    if (label) mistakes.push(...checkLabel(label, values, process).map((mistake) => `{${name}} ${mistake}`));
    else mistakes.push(`has a label ${name}`);
  }
  if (samples.length > 0)
    mistakes.push(...Object.keys(labels).flatMap((name) => (found.has(name) ? [] : `has no label ${name}`)));
  return mistakes;
}

function checkLabel(label: Label, values: ReadonlySet<string>, process: string): string[] {
  if ("bound" in label) return values.size > label.bound ? [`has ${values.size} values`] : [];
  const odd = [...values].filter((value) => !valuesOf(label, process)?.includes(value));
  return odd.map((value) => `is ${JSON.stringify(value)}`);
}
