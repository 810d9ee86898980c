import { type Attributes, SpanKind } from "@opentelemetry/api";
import type { RequestContext } from "../context.ts";
import type { EndedSpan, SpanShape } from "./ended-span.ts";
import { createKnownShapes } from "./known-shapes.ts";

const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** A request that was answered. */
export interface AnsweredRequest {
  readonly method: string;
  readonly status: number;
  readonly scheme: "http" | "https";
  /** Of `performance.now()`, both. */
  readonly startedAt: number;
  readonly endedAt: number;
}

/** What a label says of a method: anybody can send any word as one. */
export const methodLabel = (method: string): string => (methods.has(method) ? method : "other");

/**
 * The span of a request, by OpenTelemetry's conventions for HTTP servers. In the place of path and query, which may hold
 * what identifies a person, there is the route's template, and nothing tells who called: the log line with the same
 * ids does.
 */
export function serverSpan(
  { traceId, spanId, parentSpanId, route }: RequestContext,
  { method, status, scheme, startedAt, endedAt }: AnsweredRequest,
): EndedSpan {
  const shape = knownShapes(route, `${scheme} ${status} ${methodLabel(method)}`, () =>
    shapeOf(route, method, status, scheme),
  );
  return {
    traceId,
    spanId,
    parentSpanId,
    parentIsRemote: parentSpanId !== undefined,
    startedAt,
    endedAt,
    ...shape,
  };
}

const knownShapes = createKnownShapes();

function shapeOf(
  route: string | undefined,
  method: string,
  status: number,
  scheme: "http" | "https",
): SpanShape {
  const known = methods.has(method);
  const attributes: Attributes = {
    "http.request.method": known ? method : "_OTHER",
    "url.path": route ?? "unmatched",
    "http.response.status_code": status,
    "url.scheme": scheme,
    // Nobody here listens to anything else.
    "network.protocol.version": "1.1",
  };
  if (route !== undefined) attributes["http.route"] = route;
  if (status >= 500) attributes["error.type"] = String(status);
  const verb = known ? method : "HTTP";
  return {
    name: route === undefined ? verb : `${verb} ${route}`,
    kind: SpanKind.SERVER,
    attributes,
    failed: status >= 500,
  };
}
