import { readFileSync } from "node:fs";
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { parse } from "yaml";
import { serviceNames } from "#mesh/identity/service-name";

const strict = { additionalProperties: false };
const sentence = Type.String({ pattern: "^.*[^.]\\.$" });
const owner = Type.Union(
  ["catalogue", "data", "edge", "identity", "notifications", "orders", "payments", "platform"].map((name) =>
    Type.Literal(name),
  ),
);
export const processNames = serviceNames;
export type ProcessName = (typeof processNames)[number];
const where = Type.Union([
  Type.Literal("all"),
  Type.Literal("services"),
  Type.Array(Type.Union(processNames.map((name) => Type.Literal(name))), { minItems: 1, uniqueItems: true }),
]);

const values = Type.Array(Type.String(), { minItems: 1, uniqueItems: true });
const Label = Type.Union([
  Type.Object({ values }, strict),
  /** By process. */
  Type.Object({ values: Type.Record(Type.String({ pattern: "^[a-z]+(-service)?$" }), values) }, strict),
  Type.Object({ bound: Type.Integer({ minimum: 1 }), of: Type.String() }, strict),
]);

const Metric = Type.Object(
  {
    name: Type.String({ pattern: "^[a-z][a-z0-9_]*$" }),
    type: Type.Union([Type.Literal("counter"), Type.Literal("gauge"), Type.Literal("histogram")]),
    unit: Type.String({ pattern: "^(1|s|By|kg|\\{[a-z -]+\\})$" }),
    in: where,
    /** It is there only then. */
    when: Type.Optional(Type.String()),
    owner,
    labels: Type.Optional(Type.Record(Type.String({ pattern: "^[a-z_]+$" }), Label)),
    says: sentence,
  },
  strict,
);

const attributes = Type.Array(Type.String({ pattern: "^[a-z_]+(\\.[a-z_]+)+$" }), { uniqueItems: true });
const Span = Type.Object(
  {
    name: Type.String(),
    kind: Type.Union(
      ["internal", "server", "client", "producer", "consumer"].map((kind) => Type.Literal(kind)),
    ),
    in: where,
    owner,
    rare: Type.Optional(Type.String()),
    attributes,
    sometimes: Type.Optional(attributes),
    says: sentence,
  },
  strict,
);

const Field = Type.Object(
  {
    name: Type.String({ pattern: "^[A-Za-z_]+$" }),
    type: Type.Union(
      ["string", "text", "number", "boolean", "object", "array"].map((type) => Type.Literal(type)),
    ),
    /** Of an object. */
    members: Type.Optional(Type.Array(Type.String(), { minItems: 1, uniqueItems: true })),
    owner,
    says: sentence,
  },
  strict,
);

const Telemetry = Type.Object(
  { metrics: Type.Array(Metric), spans: Type.Array(Span), log: Type.Array(Field) },
  strict,
);

export type Label = Static<typeof Label>;
export type Metric = Static<typeof Metric>;
export type Span = Static<typeof Span>;
export type Field = Static<typeof Field>;
export type Telemetry = Static<typeof Telemetry>;

/** @throws Error that names every mistake and where it stands */
export function parseTelemetry(text: string): Telemetry {
  const found: unknown = parse(text);
  const mistakes = [...Value.Errors(Telemetry, found)].map(({ path, message }) => `${path}: ${message}`);
  if (mistakes.length > 0) throw new Error(`telemetry.yaml is no register:\n${mistakes.join("\n")}`);
  const telemetry = found as Telemetry;
  for (const part of [telemetry.metrics, telemetry.log]) {
    const names = part.map(({ name }) => name);
    const twice = names.filter((name, at) => names.indexOf(name) !== at);
    if (twice.length > 0) throw new Error(`telemetry.yaml has ${twice.join(", ")} twice`);
  }
  const odd = telemetry.log.filter(({ type, members }) => (type === "object") !== (members !== undefined));
  if (odd.length > 0)
    throw new Error(`telemetry.yaml: members are an object's: ${odd.map(({ name }) => name).join(", ")}`);
  return telemetry;
}

export const readTelemetry = (): Telemetry =>
  parseTelemetry(readFileSync(new URL("../telemetry.yaml", import.meta.url), "utf8"));

/** The processes that `in` means. */
export function processesOf(written: Metric["in"]): readonly string[] {
  if (written === "all") return processNames;
  return written === "services" ? processNames.filter((name) => name !== "gateway") : written;
}

/** What a label may be in a process; undefined where it is bounded only. */
export function valuesOf(label: Label, process: string): readonly string[] | undefined {
  if ("bound" in label) return undefined;
  return Array.isArray(label.values) ? label.values : label.values[process];
}
