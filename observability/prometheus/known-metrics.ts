import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { parse } from "yaml";
import type { Telemetry } from "../telemetry/telemetry.ts";

const strict = { additionalProperties: false };
const Exporters = Type.Array(
  Type.Object(
    { exporter: Type.String(), source: Type.String(), metrics: Type.Array(Type.String(), { minItems: 1 }) },
    strict,
  ),
);

/** What others export that rules may read. @throws Error when exporters.yaml is wrong */
export const readExporters = (): Static<typeof Exporters> =>
  Value.Decode(Exporters, parse(readFileSync(join(import.meta.dirname, "exporters.yaml"), "utf8")));

/** What Prometheus adds to every series, and what every process of ours does. */
const everywhere = ["job", "instance", "service", "process"];

/** The series that processes of this repository have, with the labels that each may be selected by. */
export function seriesOf({ metrics }: Telemetry): ReadonlyMap<string, ReadonlySet<string>> {
  const named = metrics.flatMap(({ name, type, labels }) => {
    const known = [...everywhere, ...Object.keys(labels ?? {})];
    if (type !== "histogram") return [[name, new Set(known)] as const];
    const count = new Set(known);
    return [
      [`${name}_count`, count] as const,
      [`${name}_sum`, count] as const,
      [`${name}_bucket`, new Set([...known, "le"])] as const,
    ];
  });
  return new Map(named);
}

/** Where an expression selects a series by a label that it does not have: nothing would ever match. */
export function impossibleSelectors(
  expr: string,
  series: ReadonlyMap<string, ReadonlySet<string>>,
): string[] {
  return [...expr.matchAll(/([a-zA-Z_:][\w:]*)\{([^}]*)\}/g)].flatMap(([, name = "", matchers = ""]) => {
    const labels = series.get(name);
    const used = [...matchers.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""').matchAll(/(\w+)\s*[=!]/g)];
    return labels
      ? used.filter(([, label = ""]) => !labels.has(label)).map(([, label]) => `${name}{${label}}`)
      : [];
  });
}
