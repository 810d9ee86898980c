import type { Exchange } from "../exchange.ts";
import type { FieldWriter } from "../http/fields.ts";

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
  // What is meant for one person must not be kept by a cache in between, unless a service says otherwise. Tokens, too,
  // are given out by POST (RFC 6749 §5.1).
  const open = route?.auth.anonymous === true && (method === "GET" || method === "HEAD");
  if (!open && !headers.has("cache-control")) headers.set("cache-control", "no-store");
}
