import { correlationHeader, deadlineHeader, traceparent } from "#observability/context";
import type { Exchange } from "../exchange.ts";
import type { Upstream } from "../routes.ts";
import { callUpstream, type UpstreamFailure } from "../upstream/call-upstream.ts";
import type { Deadlines } from "../upstream/deadlines.ts";

/** Sends the request on, to the path that was routed and authorised. The client's token goes with it. */
export function forward(
  exchange: Exchange,
  upstream: Upstream,
  timeoutMs: number,
  deadlines: Deadlines,
): Promise<Response | UpstreamFailure> {
  return callUpstream(deadlines, {
    url: upstream.url + exchange.path + exchange.query,
    method: exchange.method,
    headers: upstreamHeaders(exchange, timeoutMs),
    body: exchange.body,
    timeoutMs,
    request: exchange.request,
  });
}

/** Reads something else in the client's name, for an answer that is put together here. */
export function readInstead(
  exchange: Exchange,
  url: string,
  timeoutMs: number,
  deadlines: Deadlines,
): Promise<Response | UpstreamFailure> {
  const headers = upstreamHeaders(exchange, timeoutMs);
  // The client's conditions and encodings are about the whole, not about its parts.
  for (const name of ["if-none-match", "if-modified-since", "if-match", "range"]) headers.delete(name);
  headers.set("accept", "application/json");
  headers.set("accept-encoding", "identity");
  return callUpstream(deadlines, {
    url,
    method: "GET",
    headers,
    body: undefined,
    timeoutMs,
    request: exchange.request,
  });
}

/** The client's headers without those that end here, and what the gateway vouches for. */
export function upstreamHeaders(exchange: Exchange, timeoutMs: number): Headers {
  const headers = new Headers(exchange.request.headers);
  for (const name of exchange.dropped) deleteIfName(headers, name);
  if (exchange.byApiKey) headers.set("authorization", `Bearer ${exchange.token}`);
  if (exchange.caller) for (const [name, value] of exchange.caller.headers) headers.set(name, value);
  headers.set("x-forwarded-for", exchange.address);
  headers.set("x-forwarded-proto", exchange.protocol);
  headers.set("x-forwarded-host", exchange.host);
  headers.set(correlationHeader, exchange.context.correlationId);
  headers.set("traceparent", traceparent(exchange.context));
  headers.set(deadlineHeader, String(timeoutMs));
  if (exchange.context.parentSpanId === undefined) headers.delete("tracestate");
  if (!headers.has("accept-encoding")) headers.set("accept-encoding", "identity");
  return headers;
}

/** A `Connection` header may hold anything, also what is no header's name. */
function deleteIfName(headers: Headers, name: string): void {
  if (/^[\w!#$%&'*+.^`|~-]+$/.test(name)) headers.delete(name);
}
