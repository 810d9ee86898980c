import { type Attributes, SpanKind } from "@opentelemetry/api";
import { newSpanId, type RequestContext } from "#observability/context";
import { errorTypeOf } from "#observability/trace/error-type";

export interface TracedCall {
  readonly method: string;
  /** Without a slash at its end. */
  readonly baseUrl: string;
  /** The path's, with names in the place of what is in it. */
  readonly template: string;
  /** Who is called, as it is called here. */
  readonly peer: string;
  /** How often it was tried before. */
  readonly resends?: number;
}

export interface CallSpan {
  /** For the `traceparent` that goes with it. */
  readonly spanId: string;
  answered(status: number): void;
  failed(error: unknown): void;
}

/** Begins the span of a call by OpenTelemetry's conventions for HTTP clients; undefined where the trace is not recorded. */
export function beginCallSpan(
  context: RequestContext | undefined,
  { method, baseUrl, template, peer, resends = 0 }: TracedCall,
): CallSpan | undefined {
  const tracing = context?.tracing;
  if (!context || !tracing) return undefined;
  const { traceId, spanId: parentSpanId } = context;
  const spanId = newSpanId();
  const startedAt = performance.now();
  function end(outcome: Attributes): void {
    const { hostname, port, protocol } = new URL(baseUrl);
    const attributes: Attributes = {
      "http.request.method": method,
      "server.address": hostname,
      "server.port": Number(port || (protocol === "https:" ? 443 : 80)),
      "service.peer.name": peer,
      "url.full": baseUrl + template,
      "url.template": template,
      ...(resends > 0 && { "http.request.resend_count": resends }),
      ...outcome,
    };
    tracing?.record({
      traceId,
      spanId,
      parentSpanId,
      name: `${method} ${template}`,
      kind: SpanKind.CLIENT,
      startedAt,
      endedAt: performance.now(),
      attributes,
      failed: "error.type" in outcome,
    });
  }
  return {
    spanId,
    answered: (status) =>
      end({
        "http.response.status_code": status,
        ...(status >= 400 && { "error.type": String(status) }),
      }),
    failed: (error) => end({ "error.type": errorTypeOf(error) }),
  };
}
