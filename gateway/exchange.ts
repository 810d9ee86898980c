import type { VerifiedToken } from "#mesh/identity/verify-token";
import { continueTrace, correlationHeader, type RequestContext } from "#observability/context";
import type { FieldReader } from "./http/fields.ts";
import type { Decision } from "./limits/gcra.ts";
import type { Route } from "./routes.ts";

/** What the listener knows and the request does not say. */
export interface Arrival {
  /** The other end of the socket. */
  readonly remoteAddress: string;
  /** Segments of the path as it was sent, where the runtime resolves dot segments before anyone sees them. */
  readonly sentSegments?: number;
}

/** What the stages know about one request. All fields are there from the start, so that every exchange has one shape. */
export class Exchange {
  readonly method: string;
  readonly fields: FieldReader;
  readonly context: RequestContext;
  /** The one parsed path: routed, authorised and forwarded as this value. */
  path = "/";
  /** From the question mark on, or empty. */
  query = "";
  host = "";
  /** The client's address, behind proxies that are trusted. */
  address = "";
  protocol: "http" | "https" = "http";
  /** Inbound headers that must not travel on. */
  readonly dropped: string[] = [];
  route: Route | undefined = undefined;
  /** What stands in the place of the route's parameters. */
  readonly values: string[] = [];
  /** The token that services get: the client's own, or the one that its API key was exchanged for. */
  token = "";
  byApiKey = false;
  caller: VerifiedToken | undefined = undefined;
  decision: Decision | undefined = undefined;
  body: Uint8Array<ArrayBuffer> | undefined = undefined;

  /** @param startedAt of `performance.now()` */
  constructor(
    readonly request: Request,
    readonly arrival: Arrival,
    readonly startedAt: number,
  ) {
    const { headers } = request;
    this.method = request.method;
    this.fields = headers;
    this.context = continueTrace(headers.get("traceparent"), headers.get(correlationHeader));
  }
}
