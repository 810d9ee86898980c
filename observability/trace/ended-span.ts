import type { Attributes, Link, SpanKind } from "@opentelemetry/api";

/** What the spans of the same kind of work have in common. */
export interface SpanShape {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  /** A failure of whoever did the work; what it was stands in the attribute `error.type`. */
  readonly failed: boolean;
  /** All of the above as `encodeShape` writes it, where one shape is that of many spans. */
  readonly encoded?: string | undefined;
}

/** A piece of work that is over: what a trace is made of. */
export interface EndedSpan extends SpanShape {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string | undefined;
  /** Whether the parent is another process's. */
  readonly parentIsRemote?: boolean;
  readonly traceState?: string | undefined;
  /** Both of `performance.now()`. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly links?: readonly Link[];
  readonly events?: readonly SpanEvent[];
}

export interface SpanEvent {
  readonly name: string;
  /** Of `performance.now()`. */
  readonly at: number;
  readonly attributes: Attributes;
}
