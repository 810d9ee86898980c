import type { Attributes, Link, SpanKind } from "@opentelemetry/api";

/** A piece of work that is over: what a trace is made of. */
export interface EndedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string | undefined;
  /** Whether the parent is another process's. */
  readonly parentIsRemote?: boolean;
  readonly traceState?: string | undefined;
  readonly name: string;
  readonly kind: SpanKind;
  /** Both of `performance.now()`. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: Attributes;
  readonly links?: readonly Link[];
  readonly events?: readonly SpanEvent[];
  /** A failure of whoever did the work; what it was stands in the attribute `error.type`. */
  readonly failed: boolean;
}

export interface SpanEvent {
  readonly name: string;
  /** Of `performance.now()`. */
  readonly at: number;
  readonly attributes: Attributes;
}
