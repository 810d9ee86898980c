import { correlationHeader, deadlineHeader, newSpanId, traceparent } from "#observability/context";
import type { Exchange } from "../exchange.ts";
import type { Upstream } from "../routes.ts";
import type { UpstreamClient } from "../upstream/upstream-client.ts";
import type { UpstreamAnswer, UpstreamFailure } from "../upstream/upstream-job.ts";
import { recordCall } from "./record-call.ts";
import { travels } from "./screen-headers.ts";

export interface Forwarding {
  readonly timeoutMs: number;
  readonly upstreams: UpstreamClient;
  /** What the gateway calls itself to services: its address is nobody's business. */
  readonly pseudonym: string;
}

/** Sends the request on, to the path that was routed and authorised. The caller's token goes with it. */
export function forward(
  exchange: Exchange,
  upstream: Upstream,
  { timeoutMs, upstreams, pseudonym }: Forwarding,
): Promise<UpstreamAnswer | UpstreamFailure> {
  const { method, path, query, request, route } = exchange;
  const { origin } = upstream;
  const spanId = callSpanId(exchange);
  const { body } = request;
  let head = `${method} ${origin.basePath}${path}${query} HTTP/1.1\r\nhost: ${origin.hostHeader}\r\n`;
  if (body) head += `content-length: ${body.length}\r\n`;
  else if (method === "POST" || method === "PUT" || method === "PATCH") head += "content-length: 0\r\n";
  head += `${clientFields(exchange, pseudonym)}${ownFields(exchange, timeoutMs, spanId)}\r\n`;
  const answered = upstreams.call({ origin, method, head, body, timeoutMs, client: request });
  if (!exchange.context.tracing) return answered;
  return recordCall(exchange, { upstream, method, template: route?.template, spanId }, answered);
}

/** The service's span is a child of the call's where the trace is recorded, else of the request's. */
const callSpanId = ({ context }: Exchange): string => (context.tracing ? newSpanId() : context.spanId);

export interface Read {
  readonly status: number;
  readonly contentType: string;
  /** Undefined when it is no JSON, or too long. */
  readonly body: unknown;
}

const maxReadBytes = 4 * 1024 * 1024;

/** Reads something else in the caller's name, for an answer that is put together here. */
export async function readInstead(
  exchange: Exchange,
  upstream: Upstream,
  path: string,
  timeoutMs: number,
  upstreams: UpstreamClient,
): Promise<Read | UpstreamFailure> {
  const { origin } = upstream;
  const spanId = callSpanId(exchange);
  const head = `GET ${origin.basePath}${path} HTTP/1.1\r\nhost: ${origin.hostHeader}\r\naccept: application/json\r\naccept-encoding: identity\r\n${ownFields(exchange, timeoutMs, spanId)}\r\n`;
  const client = exchange.request;
  const answered = upstreams.call({ origin, method: "GET", head, body: undefined, timeoutMs, client });
  const answer = await recordCall(
    exchange,
    { upstream, method: "GET", template: undefined, spanId },
    answered,
  );
  if (typeof answer === "string") return answer;
  const bytes = answer.body.whole ?? (await answer.body.collect(maxReadBytes));
  return {
    status: answer.status,
    contentType: answer.fields.get("content-type") ?? "",
    body: bytes && parsed(bytes),
  };
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

/** The client's fields without those that end here, which is a matter of the fields alone. */
function clientFields(exchange: Exchange, pseudonym: string): string {
  exchange.fields.travelling ??= travelling(exchange, pseudonym);
  return exchange.fields.travelling;
}

function travelling(exchange: Exchange, pseudonym: string): string {
  const { names, values } = exchange.fields;
  const traced = exchange.context.parentSpanId !== undefined;
  let text = "";
  let via = "";
  let encoding = false;
  for (let at = 0; at < names.length; at++) {
    const name = names[at] as string;
    if (name === "via" && !exchange.dropped.includes(name)) via += `${values[at]}, `;
    if (!travels(name, exchange) || (name === "tracestate" && !traced)) continue;
    if (name === "accept-encoding") encoding = true;
    text += `${name}: ${values[at]}\r\n`;
  }
  // RFC 9110 §7.6.3: who it came by, and in which version it came here.
  text += `via: ${via}1.${exchange.request.head.minor} ${pseudonym}\r\n`;
  // A client that says nothing of encodings gets what it can certainly read.
  return encoding ? text : `${text}accept-encoding: identity\r\n`;
}

/** What the gateway vouches for. */
function ownFields(exchange: Exchange, timeoutMs: number, spanId: string): string {
  const { address, protocol, host, context, token, caller, route } = exchange;
  let text = `x-forwarded-for: ${address}\r\nx-forwarded-proto: ${protocol}\r\nx-forwarded-host: ${host}\r\n`;
  text += `${correlationHeader}: ${context.correlationId}\r\ntraceparent: ${traceparent(context, spanId)}\r\n`;
  text += `${deadlineHeader}: ${timeoutMs}\r\n`;
  if (token !== "") text += `authorization: Bearer ${token}\r\n`;
  // Where the gateway looks at no credentials they are the service's own business, such as an OAuth client's.
  else if (route?.ignoreToken) text += credentials(exchange);
  if (caller) for (const [name, value] of caller.headers) text += `${name}: ${value}\r\n`;
  return text;
}

function credentials({ fields }: Exchange): string {
  const value = fields.get("authorization");
  return value === null ? "" : `authorization: ${value}\r\n`;
}
