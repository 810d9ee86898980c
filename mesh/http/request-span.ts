import { type Attributes, SpanKind } from "@opentelemetry/api";
import type { RequestContext } from "#observability/context";
import type { EndedSpan } from "#observability/trace/ended-span";

interface Answered {
  readonly method: string;
  readonly status: number;
  /** Both of `performance.now()`. */
  readonly startedAt: number;
  readonly endedAt: number;
}

/**
 * The span of a request to a service, by OpenTelemetry's conventions for HTTP servers; with the route's template in
 * the place of path and query, which may hold what identifies a person.
 */
export function requestSpan(
  { traceId, spanId, parentSpanId, route }: RequestContext,
  { method, status, startedAt, endedAt }: Answered,
): EndedSpan {
  const attributes: Attributes = {
    "http.request.method": method,
    "http.response.status_code": status,
    "url.scheme": "http",
  };
  if (route !== undefined) {
    attributes["http.route"] = route;
    attributes["url.path"] = route;
  }
  if (status >= 500) attributes["error.type"] = String(status);
  return {
    traceId,
    spanId,
    parentSpanId,
    parentIsRemote: parentSpanId !== undefined,
    name: route === undefined ? method : `${method} ${route}`,
    kind: SpanKind.SERVER,
    startedAt,
    endedAt,
    attributes,
    failed: status >= 500,
  };
}
