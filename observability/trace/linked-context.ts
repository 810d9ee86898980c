import { type Link, TraceFlags } from "@opentelemetry/api";
import { continueTrace, newContext, type RequestContext } from "../context.ts";

/** Where a trace, and the correlation that belongs to it, came from. */
export type Origin = Pick<RequestContext, "traceId" | "spanId" | "traceFlags" | "correlationId">;

export interface LinkedContext {
  readonly context: RequestContext;
  readonly links: readonly Link[];
}

/** The span that a stored `traceparent` names. */
export function originOf(
  traceparent: string | null | undefined,
  correlation: string | null | undefined,
): Origin {
  const continued = continueTrace(traceparent, correlation);
  return { ...continued, spanId: continued.parentSpanId ?? continued.spanId };
}

/**
 * A trace of its own for work that continues what is long over, or several things at once: a parent would lie about when
 * it was, or whose. Recorded where one of them was; the links lead to them.
 */
export function linkedContext(origins: readonly Origin[]): LinkedContext {
  const context = newContext();
  const [first] = origins;
  if (origins.some(({ traceFlags }) => traceFlags & TraceFlags.SAMPLED))
    context.traceFlags = TraceFlags.SAMPLED;
  return {
    context: first ? { ...context, correlationId: first.correlationId } : context,
    links: origins.map(({ traceId, spanId, traceFlags }) => ({ context: { traceId, spanId, traceFlags } })),
  };
}
