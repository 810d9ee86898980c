import type { Registry } from "prom-client";

/** `text` is the Prometheus text format 0.0.4; only OpenMetrics 1.0 has room for exemplars. */
export type ExpositionFormat = "text" | "openmetrics";

export const contentTypes: Readonly<Record<ExpositionFormat, string>> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** What whoever scrapes understands, by its `Accept`. */
export const formatFor = (accept: string | null): ExpositionFormat =>
  accept?.includes("application/openmetrics-text") ? "openmetrics" : "text";

type Labels = Readonly<Record<string, string | number>>;

/** A metric as prom-client tells it: labels that the buckets of a histogram share stand apart. */
interface Told {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly {
    readonly metricName?: string;
    readonly labels: Labels;
    readonly sharedLabels?: Labels;
    readonly value: number;
    readonly exemplar?: {
      readonly labelSet: Labels;
      readonly value: number;
      readonly timestamp: number;
    } | null;
  }[];
}

interface Teller {
  get(): Promise<Told>;
  getForPromString?(): Promise<Told>;
}

/**
 * Writes what a registry holds. Not by `registry.metrics()`, which writes one format only, for good: asked for
 * OpenMetrics it renames the counters.
 * @param common labels of every sample, written `name="value"`
 */
export async function exposition(
  registry: Registry,
  format: ExpositionFormat,
  common: string,
): Promise<string> {
  const tellers = registry.getMetricsAsArray() as unknown as Teller[];
  const told = await Promise.all(tellers.map((metric) => metric.getForPromString?.() ?? metric.get()));
  let text = "";
  for (const metric of told) text += writeMetric(metric, format, common);
  return format === "openmetrics" ? `${text}# EOF\n` : text;
}

function writeMetric({ name, help, type, values }: Told, format: ExpositionFormat, common: string): string {
  // OpenMetrics 1.0 §"Counter": the family is named without the suffix of its samples.
  const family = format === "openmetrics" && type === "counter" ? name.replace(/_total$/, "") : name;
  let text = `# HELP ${family} ${escaped(help)}\n# TYPE ${family} ${type}\n`;
  let shared: Labels | undefined;
  let rest = common;
  for (const { metricName = name, labels, sharedLabels, value, exemplar } of values) {
    if (sharedLabels !== shared) {
      shared = sharedLabels;
      rest = join(common, written(sharedLabels));
    }
    text += `${metricName}{${join(written(labels), rest)}} ${number(value)}`;
    if (exemplar && format === "openmetrics")
      text += ` # {${written(exemplar.labelSet)}} ${number(exemplar.value)} ${exemplar.timestamp}`;
    text += "\n";
  }
  return text;
}

function written(labels: Labels = {}): string {
  let text = "";
  for (const name in labels) {
    const value = labels[name];
    const quoted = typeof value === "string" ? escaped(value).replaceAll('"', '\\"') : value;
    text += `${text === "" ? "" : ","}${name}="${quoted}"`;
  }
  return text;
}

const join = (one: string, other: string): string =>
  one === "" || other === "" ? one + other : `${one},${other}`;

const escaped = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");

function number(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}
