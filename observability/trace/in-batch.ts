import { SpanKind } from "@opentelemetry/api";
import { newSpanId, type RequestContext, runWith } from "../context.ts";
import { inEntrySpan } from "./in-entry-span.ts";
import { linkedContext } from "./linked-context.ts";

/**
 * Does at once what several asked for, in the context of the first. Where traces are recorded and there are several, it
 * is a trace of its own, with links to those, and each of them has a span for the time, with a link to it.
 * @param askers the context of each
 */
export async function inBatch<T>(
  askers: readonly (RequestContext | undefined)[],
  work: () => Promise<T>,
): Promise<T> {
  const recorded = askers.filter((asker) => asker?.tracing !== undefined) as readonly RequestContext[];
  const [first] = recorded;
  if (first === undefined || askers.length === 1) return runWith(askers[0], work);
  const { context, links } = linkedContext(recorded);
  const startedAt = performance.now();
  const attributes = { "batch.size": askers.length };
  const span = { name: "batch", kind: SpanKind.INTERNAL, links, attributes: () => attributes };
  try {
    return await inEntrySpan(first.tracing, context, span, work);
  } finally {
    for (const asker of recorded) {
      asker.tracing?.record({
        traceId: asker.traceId,
        spanId: newSpanId(),
        parentSpanId: asker.spanId,
        name: "in batch",
        kind: SpanKind.INTERNAL,
        startedAt,
        endedAt: performance.now(),
        attributes,
        links: [{ context }],
        failed: false,
      });
    }
  }
}
