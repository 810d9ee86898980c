import { type Attributes, TraceFlags } from "@opentelemetry/api";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { EndedSpan } from "./ended-span.ts";
import { encodeResource, encodeSpan, requestEnd, requestOpening } from "./otlp-json.ts";
import { createOtlpSender } from "./send-otlp.ts";
import { createSpanClock } from "./span-clock.ts";
import { createSpanQueue, type SpanQueue } from "./span-queue.ts";

export interface TracingOptions {
  /** The collector's address, as in `http://collector:4318`. Left out: nothing is traced. */
  readonly endpoint?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly compression?: "gzip" | "none" | undefined;
  /** What tells this process from others; `service.name` has to be among it. */
  readonly resource: Attributes;
  /** The share of the traces beginning here that are recorded, from 0 to 1. */
  readonly ratio: number;
  /** What takes as long is told of even when its trace is not recorded, in milliseconds. */
  readonly slowMs: number;
  readonly mostSpans?: number;
  readonly batchSpans?: number;
  readonly everyMs?: number;
  readonly batchMs?: number;
  readonly metrics: Metrics;
  readonly log: Log;
}

/**
 * Decides which traces are recorded, and takes the spans of one process. A span is made of what is known when the work
 * is over, so that a trace that is not recorded costs one comparison.
 */
export class Tracing {
  readonly #queue: SpanQueue<EndedSpan> | undefined;
  readonly #ratio: number;
  readonly #slowMs: number;

  constructor(options: TracingOptions) {
    const { endpoint, headers = {}, resource, ratio, slowMs, metrics, log } = options;
    this.#ratio = endpoint === undefined ? 0 : ratio;
    this.#slowMs = endpoint === undefined ? Number.POSITIVE_INFINITY : slowMs;
    if (endpoint === undefined) return;
    const epochMs = createSpanClock();
    this.#queue = createSpanQueue({
      encode: (span) => encodeSpan(span, epochMs),
      opening: requestOpening(encodeResource(resource)),
      end: requestEnd,
      send: createOtlpSender({ endpoint, headers, compression: options.compression }),
      mostSpans: options.mostSpans ?? 2048,
      batchSpans: options.batchSpans ?? 512,
      everyMs: options.everyMs ?? 5000,
      batchMs: options.batchMs ?? 10_000,
      metrics,
      log,
    });
  }

  /** Whether there is anybody to tell. */
  get on(): boolean {
    return this.#queue !== undefined;
  }

  /** For a trace that begins here. By chance and not by its id, which may be a stranger's choice. */
  sample(): TraceFlags {
    return Math.random() < this.#ratio ? TraceFlags.SAMPLED : TraceFlags.NONE;
  }

  /** Whether to tell of work that is over: its trace is recorded, or it went wrong, or it took too long. */
  keeps(traceFlags: TraceFlags, failed: boolean, ms: number): boolean {
    if (this.#queue === undefined) return false;
    return (traceFlags & TraceFlags.SAMPLED) !== 0 || failed || ms >= this.#slowMs;
  }

  record(span: EndedSpan): void {
    this.#queue?.add(span);
  }

  /** Sends what waits, for so long at most. */
  async close(withinMs: number): Promise<void> {
    await this.#queue?.close(withinMs);
  }
}
