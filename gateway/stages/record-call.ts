import { type Attributes, SpanKind } from "@opentelemetry/api";
import type { SpanShape } from "#observability/trace/ended-span";
import { createKnownShapes } from "#observability/trace/known-shapes";
import type { Exchange } from "../exchange.ts";
import type { Upstream } from "../routes.ts";
import type { UpstreamAnswer, UpstreamFailure } from "../upstream/upstream-job.ts";

interface Call {
  readonly upstream: Upstream;
  readonly method: string;
  /** The path's, where it is the route's own. */
  readonly template: string | undefined;
  readonly spanId: string;
}

/** Tells of a call to an upstream by a span, until the head of its answer; names of OpenTelemetry's conventions for HTTP clients. */
export async function recordCall(
  { context }: Exchange,
  { upstream, method, template, spanId }: Call,
  answered: Promise<UpstreamAnswer | UpstreamFailure>,
): Promise<UpstreamAnswer | UpstreamFailure> {
  if (!context.tracing) return answered;
  const startedAt = performance.now();
  const answer = await answered;
  const endedAt = performance.now();
  const outcome = typeof answer === "string" ? answer : String(answer.status);
  const shape = knownShapes(
    template,
    `${upstream.name} ${upstream.origin.hostHeader} ${method} ${outcome}`,
    () => shapeOf({ upstream, method, template }, answer),
  );
  context.tracing.record({
    traceId: context.traceId,
    spanId,
    parentSpanId: context.spanId,
    startedAt,
    endedAt,
    ...shape,
  });
  return answer;
}

const knownShapes = createKnownShapes();

function shapeOf(
  { upstream, method, template }: Omit<Call, "spanId">,
  answer: UpstreamAnswer | UpstreamFailure,
): SpanShape {
  const { hostname, port, hostHeader, tls } = upstream.origin;
  const attributes: Attributes = {
    "http.request.method": method,
    "server.address": hostname,
    "server.port": port,
    "service.peer.name": upstream.name,
    // Never the path or the query themselves: they may hold what identifies a person.
    "url.full": `${tls ? "https" : "http"}://${hostHeader}${template ?? "/{rewritten}"}`,
  };
  if (template !== undefined) attributes["url.template"] = template;
  const error = errorOf(answer);
  if (typeof answer !== "string") attributes["http.response.status_code"] = answer.status;
  if (error !== undefined) attributes["error.type"] = error;
  return {
    name: template === undefined ? method : `${method} ${template}`,
    kind: SpanKind.CLIENT,
    attributes,
    failed: error !== undefined && error !== "client-gone",
  };
}

const errorOf = (answer: UpstreamAnswer | UpstreamFailure): string | undefined => {
  if (typeof answer === "string") return answer;
  return answer.status >= 400 ? String(answer.status) : undefined;
};
