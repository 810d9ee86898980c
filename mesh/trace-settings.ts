import { hostname } from "node:os";
import type { Attributes } from "@opentelemetry/api";
import type { Log } from "#observability/log";
import type { Metrics } from "#observability/metrics";
import { Tracing } from "#observability/trace/tracing";
import type { BuildConfig } from "./build-settings.ts";
import { choice, integer, list, optional, type Setting, text, url, type Values } from "./settings.ts";
import { uuidV7 } from "./uuid-v7.ts";

/** `name=value` pairs, the values percent-encoded, as OpenTelemetry writes lists in its variables. */
function pairs(name: string, { secret = false } = {}): Setting<Readonly<Record<string, string>>> {
  const { parse, ...rest } = list(name, { default: [] });
  return {
    ...rest,
    secret,
    fallback: { value: {} },
    parse: (found) => Object.fromEntries(parse(found).map(readPair)),
  };
}

function readPair(pair: string): [string, string] {
  const at = pair.indexOf("=");
  try {
    if (at > 0) return [pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())];
  } catch {
    // A broken escape is no pair either.
  }
  throw new Error("pairs such as name=value,other=value");
}

/** From 0 to 1. */
function share(name: string, { default: fallback }: { default: number }): Setting<number> {
  return {
    name,
    secret: false,
    fallback: { value: fallback },
    parse(found) {
      const value = /^\d(\.\d+)?$/.test(found) ? Number(found) : Number.NaN;
      if (!(value >= 0 && value <= 1)) throw new Error("a number from 0 to 1");
      return value;
    },
  };
}

/** What every process reads about its traces: OpenTelemetry's own names, and one that it has none for. */
export function traceSettings() {
  return {
    /** Without it nothing is traced. Traces go to `/v1/traces` there, as JSON. */
    traceEndpoint: optional(url("OTEL_EXPORTER_OTLP_ENDPOINT", { protocols: ["http", "https"] })),
    traceHeaders: pairs("OTEL_EXPORTER_OTLP_HEADERS", { secret: true }),
    traceCompression: choice("OTEL_EXPORTER_OTLP_COMPRESSION", ["none", "gzip"], { default: "none" }),
    /** For a batch with all its tries, in milliseconds. */
    traceTimeoutMs: integer("OTEL_EXPORTER_OTLP_TIMEOUT", { min: 100, max: 60_000, default: 10_000 }),
    /** The sampler is `parentbased_traceidratio`: the share of the traces beginning here that are recorded. */
    traceRatio: share("OTEL_TRACES_SAMPLER_ARG", { default: 0.1 }),
    /** What takes as long has its span whatever the ratio. */
    traceSlowMs: integer("TRACE_SLOW_MS", { min: 1, max: 600_000, default: 1000 }),
    traceQueue: integer("OTEL_BSP_MAX_QUEUE_SIZE", { min: 16, max: 65_536, default: 2048 }),
    traceBatch: integer("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", { min: 1, max: 8192, default: 512 }),
    traceEveryMs: integer("OTEL_BSP_SCHEDULE_DELAY", { min: 10, max: 60_000, default: 5000 }),
    serviceName: optional(text("OTEL_SERVICE_NAME")),
    resourceAttributes: pairs("OTEL_RESOURCE_ATTRIBUTES"),
  };
}

export type TraceConfig = Values<ReturnType<typeof traceSettings>>;

/** Opens what takes this process's spans. `name` is what it is called unless OTEL_SERVICE_NAME says otherwise. */
export function openTracing(
  name: string,
  config: TraceConfig & BuildConfig,
  { log, metrics }: { readonly log: Log; readonly metrics: Metrics },
): Tracing {
  const resource: Attributes = {
    "service.namespace": "ecotrack",
    "service.version": config.buildVersion,
    "service.instance.id": uuidV7(),
    "host.name": hostname(),
    ...config.resourceAttributes,
    "service.name": config.serviceName ?? name,
  };
  return new Tracing({
    endpoint: config.traceEndpoint,
    headers: config.traceHeaders,
    compression: config.traceCompression,
    resource,
    ratio: config.traceRatio,
    slowMs: config.traceSlowMs,
    mostSpans: config.traceQueue,
    batchSpans: Math.min(config.traceBatch, config.traceQueue),
    everyMs: config.traceEveryMs,
    batchMs: config.traceTimeoutMs,
    log,
    metrics,
  });
}
