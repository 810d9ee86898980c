import { deadlineHeader } from "#observability/context";
import type { Exchange } from "../exchange.ts";

const hopByHop = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  // RFC 7540 §3.2.1: only ever beside `Upgrade`.
  "http2-settings",
];
/** What the gateway vouches for itself; `expect` has been met by reading the body. */
const setAnew = [
  "host",
  "content-length",
  "expect",
  "forwarded",
  "x-real-ip",
  "via",
  "traceparent",
  "authorization",
  "x-api-key",
  "x-correlation-id",
  deadlineHeader,
];
const droppedNames = new Set([...hopByHop, ...setAnew]);
/** By these a client could pretend to be somebody: services look at tokens only, and must never be tempted. */
const pretended =
  /^x-(?:forwarded-|envoy-|user|auth|role|identity|caller|client-|session|consumer|authenticated|remote|original-|internal|service|tenant|tier)/;

/**
 * Notes which fields a client names in `Connection`, because they end here as well (RFC 9110 §7.6.1). That browsers and
 * libraries only ever say `keep-alive` or `close` keeps it cheap.
 */
export function screenHeaders(exchange: Exchange): void {
  const connection = exchange.fields.get("connection");
  if (connection === null || connection === "keep-alive" || connection === "close") return;
  for (const name of connection.split(",")) exchange.dropped.push(name.trim().toLowerCase());
}

/** Whether a client's field travels on: hop-by-hop ones and claims of identity do not. */
export function travels(name: string, { dropped }: Exchange): boolean {
  if (droppedNames.has(name)) return false;
  if (name.charCodeAt(0) === 120 && pretended.test(name)) return false;
  return dropped.length === 0 || !dropped.includes(name);
}

/** Of an upstream's answer: what concerns only the connection to it, and what tells too much. The length is the listener's. */
export const droppedFromAnswers: ReadonlySet<string> = new Set([...hopByHop, "server", "x-powered-by"]);
