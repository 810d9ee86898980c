import { type Attributes, SpanKind } from "@opentelemetry/api";
import type { EndedSpan } from "#observability/trace/ended-span";
import type { Exchange } from "../exchange.ts";

/**
 * The span of a request, by OpenTelemetry's conventions for HTTP servers. In the place of path and query there is the
 * route's template, and nothing tells who called: the log line with the same ids does.
 * @param method one of a list
 * @param endedAt of `performance.now()`
 */
export function serverSpan(exchange: Exchange, method: string, status: number, endedAt: number): EndedSpan {
  const { context, startedAt, protocol } = exchange;
  const { traceId, spanId, parentSpanId, route } = context;
  const attributes: Attributes = {
    "http.request.method": method === "other" ? "_OTHER" : method,
    "http.response.status_code": status,
    "url.scheme": protocol,
    "network.protocol.version": "1.1",
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
    name: spanName(method, route),
    kind: SpanKind.SERVER,
    startedAt,
    endedAt,
    attributes,
    failed: status >= 500,
  };
}

const spanName = (method: string, route: string | undefined): string => {
  const verb = method === "other" ? "HTTP" : method;
  return route === undefined ? verb : `${verb} ${route}`;
};
