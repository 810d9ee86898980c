import { type Attributes, type Link, type SpanKind, TraceFlags } from "@opentelemetry/api";
import { type RequestContext, runWith } from "../context.ts";
import type { EndedSpan } from "./ended-span.ts";
import { errorTypeOf } from "./error-type.ts";
import type { Tracing } from "./tracing.ts";

export interface EntrySpan<T = unknown> {
  readonly name: string;
  readonly kind: SpanKind;
  readonly links?: readonly Link[];
  /** Asked for only where there is a span; `result` is what the work gave, if it did not throw. */
  readonly attributes: (result?: T) => Attributes;
  /** Whether the result says that it went wrong. */
  readonly failed?: (result: T) => boolean;
}

/**
 * Does the first work of a process for something that began elsewhere, or later: an event, a job. `context` is the
 * span's own. Failed and slow work is told of even where the trace is not recorded.
 */
export async function inEntrySpan<T>(
  tracing: Tracing | undefined,
  context: RequestContext,
  span: EntrySpan<T>,
  work: () => Promise<T>,
): Promise<T> {
  if (!tracing?.on) return runWith(context, work);
  if (context.traceFlags & TraceFlags.SAMPLED) context.tracing = tracing;
  const startedAt = performance.now();
  let outcome: Outcome<T>;
  try {
    outcome = { result: await runWith(context, work) };
  } catch (error) {
    outcome = { error };
  }
  const failed = "error" in outcome || (span.failed?.(outcome.result) ?? false);
  if (tracing.keeps(context.traceFlags, failed, performance.now() - startedAt))
    tracing.record(endedSpan(context, span, { startedAt, outcome, failed }));
  if ("error" in outcome) throw outcome.error;
  return outcome.result;
}

type Outcome<T> = { readonly result: T } | { readonly error: unknown };

function endedSpan<T>(
  { traceId, spanId, parentSpanId }: RequestContext,
  { name, kind, links = [], attributes }: EntrySpan<T>,
  { startedAt, outcome, failed }: { startedAt: number; outcome: Outcome<T>; failed: boolean },
): EndedSpan {
  return {
    traceId,
    spanId,
    parentSpanId,
    parentIsRemote: parentSpanId !== undefined,
    name,
    kind,
    links,
    startedAt,
    endedAt: performance.now(),
    attributes:
      "error" in outcome
        ? { ...attributes(), "error.type": errorTypeOf(outcome.error) }
        : attributes(outcome.result),
    failed,
  };
}
