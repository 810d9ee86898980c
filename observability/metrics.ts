import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** Seconds; dense around the objectives of 200 ms and 500 ms. */
const latencyBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 1, 2, 5, 10, 30];

export type Metrics = ReturnType<typeof createMetrics>;

/** The metrics of one process. A metric that is asked for twice is the same one. */
export function createMetrics(service: string) {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  const once = <T>(name: string, make: () => T): T =>
    (registry.getSingleMetric(name) as T | undefined) ?? make();
  return {
    registry,
    counter: <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
      once(name, () => new Counter<L>({ name, help, labelNames, registers: [registry] })),
    /** `measure` runs at each scrape and gives the value. */
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
          registers: [registry],
          ...(measure && { collect: async () => gauge.set(await measure()) }),
        });
        return gauge;
      }),
    histogram: <L extends string>(
      name: string,
      help: string,
      labelNames: readonly L[] = [],
      buckets: readonly number[] = latencyBuckets,
    ) =>
      once(
        name,
        () => new Histogram<L>({ name, help, labelNames, buckets: [...buckets], registers: [registry] }),
      ),
    /** Event loop, memory, CPU. Costs a timer, so a test does not ask for it. */
    collectRuntime: () => collectDefaultMetrics({ register: registry }),
    /** The Prometheus text format 0.0.4. */
    text: () => registry.metrics(),
  };
}
