import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { parse } from "yaml";

const strict = { additionalProperties: false };
const Ratio = Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 });
const Window = Type.String({ pattern: "^[1-9][0-9]*[mhd]$" });

const SloFile = Type.Object(
  {
    windowDays: Type.Integer({ minimum: 1 }),
    availability: Ratio,
    latency: Ratio,
    classes: Type.Record(
      Type.String({ pattern: "^[a-z-]+$" }),
      Type.Object(
        {
          match: Type.Object({ method: Type.Optional(Type.String()), route: Type.String() }, strict),
          within: Type.Number({ exclusiveMinimum: 0 }),
        },
        strict,
      ),
      strict,
    ),
    uncounted: Type.String(),
    burnRates: Type.Array(
      Type.Object({ rate: Type.Number({ minimum: 1 }), long: Window, short: Window }, strict),
      { minItems: 1 },
    ),
  },
  strict,
);
export type Slo = Static<typeof SloFile>;

/** `observability/slo.yaml`. @throws Error that names the field */
export function parseSlo(text: string): Slo {
  const found: unknown = parse(text);
  const [mistake] = Value.Errors(SloFile, found);
  if (mistake) throw new Error(`slo.yaml: ${mistake.path} ${mistake.message}`);
  return Value.Decode(SloFile, found);
}

/** The classes that a request at the gateway counts for; Prometheus anchors its patterns. */
export function classesOf({ classes }: Slo, { method, route }: { method: string; route: string }): string[] {
  return Object.entries(classes)
    .filter(([, { match }]) => match.method === undefined || match.method === method)
    .filter(([, { match }]) => new RegExp(`^(?:${match.route})$`).test(route))
    .map(([name]) => name);
}
