import {
  type Attributes,
  type AttributeValue,
  type Exception,
  INVALID_SPAN_CONTEXT,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanStatus,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import type { SpanEvent } from "./ended-span.ts";
import { errorTypeOf } from "./error-type.ts";
import type { Tracing } from "./tracing.ts";

export interface SpanStart {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind?: SpanKind | undefined;
  readonly attributes?: Attributes | undefined;
  readonly links?: readonly Link[] | undefined;
}

/** A span that takes nothing, for work whose trace is not recorded. */
export const silentSpan: Span = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

/** OpenTelemetry's `Span` of a trace that is recorded. What an error says is not kept, only what kind it is: it may hold anything. */
export class RecordingSpan implements Span {
  readonly #tracing: Tracing;
  readonly #start: SpanStart;
  readonly #startedAt = performance.now();
  readonly #attributes: Attributes;
  readonly #links: Link[];
  readonly #events: SpanEvent[] = [];
  #name: string;
  #failed = false;
  #ended = false;

  constructor(tracing: Tracing, start: SpanStart) {
    this.#tracing = tracing;
    this.#start = start;
    this.#name = start.name;
    this.#attributes = { ...start.attributes };
    this.#links = [...(start.links ?? [])];
  }

  spanContext(): SpanContext {
    const { traceId, spanId } = this.#start;
    return { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
  }

  setAttribute(name: string, value: AttributeValue): this {
    this.#attributes[name] = value;
    return this;
  }

  setAttributes(attributes: Attributes): this {
    Object.assign(this.#attributes, attributes);
    return this;
  }

  addEvent(name: string, attributes?: unknown): this {
    this.#events.push({
      name,
      at: performance.now(),
      attributes: isAttributes(attributes) ? attributes : {},
    });
    return this;
  }

  addLink(link: Link): this {
    this.#links.push(link);
    return this;
  }

  addLinks(links: Link[]): this {
    this.#links.push(...links);
    return this;
  }

  setStatus({ code }: SpanStatus): this {
    this.#failed = code === SpanStatusCode.ERROR;
    return this;
  }

  updateName(name: string): this {
    this.#name = name;
    return this;
  }

  recordException(exception: Exception): void {
    this.#attributes["error.type"] ??= errorTypeOf(exception);
    this.#failed = true;
  }

  isRecording(): boolean {
    return !this.#ended;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const { traceId, spanId, parentSpanId, kind = SpanKind.INTERNAL } = this.#start;
    this.#tracing.record({
      traceId,
      spanId,
      parentSpanId,
      name: this.#name,
      kind,
      startedAt: this.#startedAt,
      endedAt: performance.now(),
      attributes: this.#attributes,
      links: this.#links,
      events: this.#events,
      failed: this.#failed,
    });
  }
}

const isAttributes = (value: unknown): value is Attributes =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
