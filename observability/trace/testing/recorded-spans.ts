import { TraceFlags } from "@opentelemetry/api";
import { newContext, type RequestContext } from "../../context.ts";
import { createLog } from "../../log.ts";
import { createMetrics } from "../../metrics.ts";
import type { EndedSpan } from "../ended-span.ts";
import { Tracing } from "../tracing.ts";

/** Keeps the spans in the place of sending them. For tests only. */
export class RecordedSpans extends Tracing {
  readonly spans: EndedSpan[] = [];

  constructor({ slowMs = 60_000 } = {}) {
    super({
      endpoint: "http://127.0.0.1:9",
      resource: { "service.name": "test" },
      ratio: 1,
      slowMs,
      log: createLog({ service: "test", level: "silent", destination: { write: () => {} } }),
      metrics: createMetrics("test"),
    });
  }

  override record(span: EndedSpan): void {
    this.spans.push(span);
  }

  /** The only one of this name. @throws Error when there is none, or more */
  named(name: string): EndedSpan {
    const [found, ...others] = this.spans.filter((span) => span.name === name);
    if (!found || others.length > 0)
      throw new Error(
        `${others.length + (found ? 1 : 0)} spans are named ${name}: ${this.spans.map((span) => span.name).join()}`,
      );
    return found;
  }

  /** A context whose trace is recorded here. */
  context(): RequestContext {
    return { ...newContext(), traceFlags: TraceFlags.SAMPLED, tracing: this };
  }
}
