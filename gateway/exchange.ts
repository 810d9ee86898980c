import { TraceFlags } from "@opentelemetry/api";
import type { VerifiedToken } from "#mesh/identity/verified-token";
import { continueTrace, correlationHeader, type RequestContext } from "#observability/context";
import type { Tracing } from "#observability/trace/tracing";
import type { RequestFields } from "./http/fields.ts";
import type { EdgeRequest } from "./listener/edge-request.ts";
import type { Route } from "./routes.ts";

/** What of an exchange is read and found on the way to its route. */
export type RoutedRequest = Pick<
  Exchange,
  "method" | "fields" | "path" | "query" | "host" | "route" | "values"
> & {
  readonly request: { readonly head: { readonly target: string } };
  readonly context: { route?: string };
};

/** What the stages know about one request. All fields are there from the start, so that every exchange has one shape. */
export class Exchange {
  readonly method: string;
  readonly fields: RequestFields;
  readonly context: RequestContext;
  /** The one parsed path: routed, authorised and forwarded as this value. */
  path = "/";
  /** From the question mark on, or empty. */
  query = "";
  host = "";
  /** The client's address, behind proxies that are trusted. */
  address = "";
  protocol: "http" | "https" = "http";
  /** Inbound headers that must not travel on because the client's `Connection` names them. */
  readonly dropped: string[] = [];
  route: Route | undefined = undefined;
  /** What stands in the place of the route's parameters. */
  readonly values: string[] = [];
  /** The token that services get: the client's own, or the one that its API key was exchanged for. */
  token = "";
  byApiKey = false;
  caller: VerifiedToken | undefined = undefined;
  /** Values of the headers of these names; empty where no limit applies. */
  rateLimit = "";
  rateLimitPolicy = "";

  /**
   * @param startedAt of `performance.now()`
   * @param tracing decides whether the trace is recorded; what a stranger's `traceparent` says of it counts for nothing
   */
  constructor(
    readonly request: EdgeRequest,
    readonly startedAt: number,
    tracing?: Tracing,
  ) {
    const { fields } = request;
    this.method = request.method;
    this.fields = fields;
    const decided = tracing === undefined ? TraceFlags.NONE : tracing.sample();
    this.context = continueTrace(fields.get("traceparent"), fields.get(correlationHeader), decided);
    if (decided === TraceFlags.SAMPLED) this.context.tracing = tracing;
  }
}
