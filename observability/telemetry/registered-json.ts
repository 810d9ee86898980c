import { processesOf, processNames, type Telemetry, valuesOf } from "./telemetry.ts";

/** Of the names of a log field: how its value is written. An object's is the list of its members. */
export type Written = "plain" | "masked" | readonly string[];

/** What running processes know of the register, which takes 0.1 s to read as YAML. */
export interface Registered {
  readonly fields: Readonly<Record<string, Written>>;
  /** By process and name: the labels of counters all of whose values are known. */
  readonly counters: Readonly<
    Record<string, Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>>
  >;
}

/** registered.json, a line for each entry. */
export function registeredJson({ metrics, log }: Telemetry): string {
  const fields = log.map(({ name, type, members }) => {
    const masked = type === "text" || type === "array";
    return [name, members ?? (masked ? "masked" : "plain")] as const;
  });
  const counters = processNames.map((process) => {
    const known = metrics.flatMap(({ name, type, in: where, labels = {} }) => {
      if (type !== "counter" || !processesOf(where).includes(process)) return [];
      const values = Object.entries(labels).map(([label, of]) => [label, valuesOf(of, process)] as const);
      if (values.length === 0 || values.some(([, each]) => each === undefined)) return [];
      return [[name, Object.fromEntries(values)] as const];
    });
    return `${JSON.stringify(process)}: ${lines(known, "    ")}`;
  });
  return `{\n  "fields": ${lines(fields, "  ")},\n  "counters": {\n    ${counters.join(",\n    ")}\n  }\n}\n`;
}

function lines(entries: readonly (readonly [string, unknown])[], indent: string): string {
  const written = entries.map(
    ([name, value]) => `${indent}  ${JSON.stringify(name)}: ${JSON.stringify(value)}`,
  );
  return `{\n${written.join(",\n")}\n${indent}}`;
}
