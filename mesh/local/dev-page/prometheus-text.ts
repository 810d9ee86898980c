export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** By the name of the series: `x_bucket`, `x_sum` and `x_count` of a histogram stand apart. */
export type Samples = ReadonlyMap<string, readonly Sample[]>;

// Labels one by one: an exemplar behind the value has braces of its own.
const line = /^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\]|\\.)*"[, ]*)*)\})?[ \t]+(\S+)/;
const label = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** The Prometheus text format 0.0.4, also OpenMetrics 1.0 as far as they agree. A line that is neither is left out. */
export function readPrometheusText(text: string): Samples {
  const samples = new Map<string, Sample[]>();
  for (const each of text.split("\n")) {
    const [, name, labels = "", value] = each.startsWith("#") ? [] : (line.exec(each) ?? []);
    if (name === undefined || value === undefined) continue;
    const sample = { labels: readLabels(labels), value: readValue(value) };
    const known = samples.get(name);
    if (known) known.push(sample);
    else samples.set(name, [sample]);
  }
  return samples;
}

function readLabels(text: string): Record<string, string> {
  const found = [...text.matchAll(label)];
  return Object.fromEntries(found.map(([, name = "", value = ""]) => [name, unescaped(value)]));
}

const unescaped = (value: string): string =>
  value.replace(/\\(.)/g, (_, character: string) => (character === "n" ? "\n" : character));

const readValue = (text: string): number =>
  text === "+Inf" ? Number.POSITIVE_INFINITY : text === "-Inf" ? Number.NEGATIVE_INFINITY : Number(text);

/** The sum over all samples that pass; undefined where the metric is not there or not a number now. */
export function sumOf(
  samples: Samples,
  name: string,
  passes: (labels: Sample["labels"]) => boolean = () => true,
): number | undefined {
  const found = (samples.get(name) ?? []).filter(
    ({ labels, value }) => passes(labels) && !Number.isNaN(value),
  );
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
}
