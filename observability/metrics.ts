import { Counter, collectDefaultMetrics, Gauge, Histogram, type LabelValues, Registry } from "prom-client";
import { currentContext, type RequestContext } from "./context.ts";
import { contentTypes, type ExpositionFormat, exposition, formatFor } from "./exposition.ts";
import registered from "./registered.json" with { type: "json" };
import type { Registered } from "./telemetry/registered-json.ts";

/** By process and name: counters whose labels can only be so many things. */
const { counters } = registered as unknown as Registered;

/** Seconds; dense around the objectives of 200 ms and 500 ms. */
const latencyBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 1, 2, 5, 10, 30];

const longestMeasureMs = 2000;

/** Of prom-client's own: what neither Bun nor Deno has anything to say for, and what says the same again. */
const notAsked = [
  "nodejs_gc_duration_seconds",
  "nodejs_active_handles",
  "nodejs_active_handles_total",
  "nodejs_active_requests",
  "nodejs_active_requests_total",
  "nodejs_active_resources",
  "nodejs_active_resources_total",
  "nodejs_heap_space_size_available_bytes",
  "nodejs_heap_space_size_total_bytes",
  "nodejs_heap_space_size_used_bytes",
  "nodejs_eventloop_lag_min_seconds",
  "nodejs_eventloop_lag_stddev_seconds",
  "nodejs_version_info",
  "process_heap_bytes",
  "process_virtual_memory_bytes",
];

export type Metrics = ReturnType<typeof createMetrics>;
/** One series of a gauge. */
export type Series<L extends string> = readonly [labels: LabelValues<L>, value: number];

/** The metrics of one process. A metric that is asked for twice is the same one. */
export function createMetrics(service: string) {
  const registry = new Registry();
  // Else prom-client takes no exemplars; what is written is our own affair.
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
  const registers = [registry];
  const once = <T>(name: string, make: () => T): T =>
    (registry.getSingleMetric(name) as T | undefined) ?? make();
  const text = (format: ExpositionFormat = "text") => exposition(registry, format, `service="${service}"`);
  return {
    registry,
    counter: <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
      once(name, () => {
        const counter = new Counter<L>({ name, help, labelNames, registers });
        beginAtZero(counter, counters[service]?.[name] ?? {});
        return counter;
      }),
    /** `measure` runs at each scrape and gives the value; not a number when it fails or takes too long. */
    gauge: <L extends string>(
      name: string,
      help: string,
      labelNames: readonly L[] = [],
      measure?: () => Promise<number> | number,
    ) =>
      once(name, () => {
        const gauge: Gauge<L> = new Gauge<L>({
          name,
          help,
          labelNames,
          registers,
          ...(measure && { collect: async () => gauge.set(await inTime(measure, Number.NaN)) }),
        });
        return gauge;
      }),
    /** As `gauge`, with every series there is at each scrape; none when that cannot be told. */
    gauges: <L extends string>(
      name: string,
      help: string,
      labelNames: readonly L[],
      measure: () => Promise<readonly Series<L>[]> | readonly Series<L>[],
    ) =>
      once(name, () => {
        const collect = async () => {
          const series = await inTime(measure, []);
          gauge.reset();
          for (const [labels, value] of series) gauge.set(labels, value);
        };
        const gauge: Gauge<L> = new Gauge<L>({ name, help, labelNames, registers, collect });
        return gauge;
      }),
    histogram: <L extends string>(
      name: string,
      help: string,
      labelNames: readonly L[] = [],
      buckets: readonly number[] = latencyBuckets,
    ) =>
      once(name, () => {
        const made = { name, help, labelNames, buckets: [...buckets], registers, enableExemplars: true };
        const histogram = new Histogram<L>(made) as Exemplary<L>;
        // Observing stays what it is elsewhere, and costs the same: `exemplify` adds an exemplar where there is one.
        histogram.observe = histogram.observeWithoutExemplar;
        return histogram as Histogram<L>;
      }),
    /** Event loop, memory, CPU. Costs a timer, so a test does not ask for it. */
    collectRuntime() {
      collectDefaultMetrics({ register: registry });
      for (const name of notAsked) registry.removeSingleMetric(name);
    },
    text,
    /** Answers a scrape in the format that it asks for. */
    async answer(accept: string | null): Promise<Response> {
      const format = formatFor(accept);
      return new Response(await text(format), { headers: { "content-type": contentTypes[format] } });
    },
  };
}

/** `rate` and `increase` see the first event of a series only if it was there before. @param values by label */
function beginAtZero(counter: Counter, values: Readonly<Record<string, readonly string[]>>): void {
  let series: LabelValues<string>[] = [];
  for (const [label, each] of Object.entries(values)) {
    const before = series.length === 0 ? [{}] : series;
    series = before.flatMap((labels) => each.map((value) => ({ ...labels, [label]: value })));
  }
  for (const labels of series) counter.inc(labels, 0);
}

/** What asks a store must not cost a scrape all the others: it is most needed while a store is away. */
async function inTime<T>(measure: () => Promise<T> | T, otherwise: T): Promise<T> {
  const asked = measure();
  if (!(asked instanceof Promise)) return asked;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(resolve, longestMeasureMs, otherwise);
  });
  const answered = await Promise.race([asked.catch(() => otherwise), late]);
  clearTimeout(timer);
  return answered;
}

/** What prom-client's histogram has beside its types. */
interface Exemplary<L extends string> extends Histogram<L> {
  observeWithoutExemplar: Histogram<L>["observe"];
  updateExemplar(labels: LabelValues<L>, value: number, exemplar: Record<string, string>): void;
}

/** Makes a trace the example of what was just observed. To be called for traces that are recorded only. */
export function exemplify<L extends string>(
  histogram: Histogram<L>,
  labels: LabelValues<L>,
  value: number,
  traceId: string,
): void {
  (histogram as Exemplary<L>).updateExemplar(labels, value, { trace_id: traceId });
}

/** Observes what took its time in the work that is being done; its trace is the example, where it is recorded. */
export function observeWork<L extends string>(
  histogram: Histogram<L>,
  labels: LabelValues<L>,
  value: number,
  context: RequestContext | undefined = currentContext(),
): void {
  histogram.observe(labels, value);
  if (context?.tracing) exemplify(histogram, labels, value, context.traceId);
}
