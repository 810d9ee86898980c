import type { Problem } from "#mesh/problem";
import { deadlineHeader } from "#observability/context";
import type { Exchange } from "../exchange.ts";
import { edgeProblems } from "../problems.ts";

/** Bun refuses 16 KiB of headers itself, before this is asked; other runtimes take more. */
export const maxHeaderBytes = 16_384;

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
];
/** `content-length` is set anew for the body that is sent, `expect` has been met by reading it, a key was exchanged. */
const setAnew = [
  "host",
  "content-length",
  "expect",
  "forwarded",
  "x-real-ip",
  "via",
  "x-api-key",
  deadlineHeader,
];
const droppedNames = new Set([...hopByHop, ...setAnew]);
/** By these a client could pretend to be somebody: services look at tokens only, and must never be tempted. */
const pretended =
  /^x-(?:forwarded-|envoy-|user|auth|role|identity|caller|client-|session|consumer|authenticated|remote|original-|internal|service)/;

/** Measures the headers and notes which of them end here: hop-by-hop ones (RFC 9110 §7.6.1) and claims of identity. */
export function screenHeaders(exchange: Exchange): Problem | undefined {
  const { headers } = exchange.request;
  const { dropped } = exchange;
  let size = 0;
  headers.forEach((value, name) => {
    size += name.length + value.length + 4;
    if (droppedNames.has(name) || (name.charCodeAt(0) === 120 && pretended.test(name))) dropped.push(name);
  });
  if (size > maxHeaderBytes) return edgeProblems.headersTooLarge(maxHeaderBytes);
  const connection = headers.get("connection");
  if (connection !== null && connection !== "keep-alive" && connection !== "close") {
    for (const name of connection.split(",")) dropped.push(name.trim().toLowerCase());
  }
  return undefined;
}

/** Of an upstream's answer: what concerns only the connection to it, and what tells too much. */
export const droppedFromAnswers = [...hopByHop, "server", "x-powered-by"] as const;
