import type { Attributes, Link, Span, SpanKind } from "@opentelemetry/api";
import { currentContext, newSpanId, type RequestContext, runWith } from "../context.ts";
import { RecordingSpan, silentSpan } from "./recording-span.ts";
import type { Tracing } from "./tracing.ts";

export interface SpanOptions {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  readonly links?: readonly Link[];
}

/**
 * Does `work` as a part of what is being done, told of by a span where the trace is recorded; else it is just done.
 * What `work` throws makes the span a failed one; an expected refusal is for an attribute.
 */
export function inSpan<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
  const parent = currentContext();
  const tracing = parent?.tracing;
  return parent && tracing ? recorded(parent, tracing, { name, ...options }, work) : work(silentSpan);
}

async function recorded<T>(
  parent: RequestContext,
  tracing: Tracing,
  options: SpanOptions & { readonly name: string },
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const { traceId, spanId: parentSpanId } = parent;
  const context = { ...parent, spanId: newSpanId(), parentSpanId };
  const span = new RecordingSpan(tracing, { ...options, traceId, spanId: context.spanId, parentSpanId });
  try {
    return await runWith(context, () => work(span));
  } catch (error) {
    span.recordException(error as Error);
    throw error;
  } finally {
    span.end();
  }
}
