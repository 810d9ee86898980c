import type { Exchange } from "../exchange.ts";
import { Fields, type FieldWriter } from "../http/fields.ts";

/** An answer is data, never a page: nothing in it may run, be framed, or be taken for another type. */
const contentPolicy = "default-src 'none'; frame-ancestors 'none'";

/** Sets what every answer carries. A policy of its own, as the documentation page has, stays. */
export function setSecurityHeaders(
  { protocol, route, method }: Pick<Exchange, "protocol" | "route" | "method">,
  headers: FieldWriter,
): void {
  headers.set("x-content-type-options", "nosniff");
  headers.set("referrer-policy", "no-referrer");
  if (!headers.has("content-security-policy")) headers.set("content-security-policy", contentPolicy);
  if (protocol === "https") headers.set("strict-transport-security", "max-age=63072000; includeSubDomains");
  if (!mayBeKept({ route, method }) && !headers.has("cache-control"))
    headers.set("cache-control", "no-store");
}

/**
 * What is meant for one person must not be kept by a cache in between, unless a service says otherwise. Tokens, too, are
 * given out by POST (RFC 6749 §5.1).
 */
const mayBeKept = ({ route, method }: Pick<Exchange, "route" | "method">): boolean =>
  route?.auth.anonymous === true && (method === "GET" || method === "HEAD");

/** Does the same for an answer that is finished, in one piece where it says nothing of its own on any of it. */
export function addSecurityHeaders(exchange: Exchange, fields: Fields): void {
  let keeps = mayBeKept(exchange);
  for (const name of fields.names) {
    if (name === "cache-control") keeps = true;
    else if (setHere.has(name)) {
      setSecurityHeaders(exchange, fields);
      return;
    }
  }
  fields.lines += ready[exchange.protocol][keeps ? "kept" : "notKept"];
}

const setHere: ReadonlySet<string> = new Set([
  "x-content-type-options",
  "referrer-policy",
  "content-security-policy",
  "strict-transport-security",
]);

/** @param keeps there is a word on caches, or none is needed */
function linesOf(protocol: "http" | "https", keeps: boolean): string {
  const fields = new Fields();
  if (keeps) fields.append("cache-control", "");
  setSecurityHeaders({ protocol, route: undefined, method: "" }, fields);
  if (keeps) fields.delete("cache-control");
  return fields.names.map((name, at) => `${name}: ${fields.values[at]}\r\n`).join("");
}

const ready = {
  http: { kept: linesOf("http", true), notKept: linesOf("http", false) },
  https: { kept: linesOf("https", true), notKept: linesOf("https", false) },
} as const;
