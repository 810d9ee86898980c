import { deadlineHeader } from "#observability/context";
import type { Exchange } from "../exchange.ts";
import type { Fields } from "../http/fields.ts";

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
  // A stranger's is taken for nobody's word, and would be passed on to every service and event.
  "baggage",
  "authorization",
  "x-api-key",
  "x-correlation-id",
  deadlineHeader,
];
/** As `x-…` below, by other names. */
const claims = ["remote-user", "remote-addr", "true-client-ip", "cf-connecting-ip", "fastly-client-ip"];
const droppedNames = new Set([...hopByHop, ...setAnew, ...claims]);
/**
 * By these a client could pretend to be somebody, or to have asked for something else: our services look at tokens only,
 * those of others may be tempted.
 */
const pretended =
  /^x-(?:forwarded-|envoy-|user|auth|role|identity|caller|client-|session|consumer|authenticated|remote|original-|internal|service|tenant|tier|group|email|scope|jwt|account|amzn-oidc-|goog-|ms-client-|http-method|method-override|rewrite-|cluster-client)/;

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
  // Some servers read `x_user_id` and `x-user-id` as one; nginx drops such names as well.
  if (name.includes("_")) return false;
  return dropped.length === 0 || !dropped.includes(name);
}

/** What concerns only the connection to the upstream, and what tells too much. */
const droppedFromAnswers: ReadonlySet<string> = new Set([...hopByHop, "server", "x-powered-by"]);

/**
 * Takes out of an upstream's answer what ends here: hop-by-hop fields, those that its `Connection` names, and its own word
 * on CORS, which is the route's to say. The length is the listener's.
 */
export function screenAnswer({ names, values }: Fields): void {
  const at = names.indexOf("connection");
  const named = at === -1 ? "" : (values[at] as string).toLowerCase();
  const others = named === "" || named === "keep-alive" || named === "close" ? [] : named.split(/[\s,]+/);
  for (let each = names.length - 1; each >= 0; each--) {
    const name = names[each] as string;
    const ends = droppedFromAnswers.has(name) || name.startsWith("access-control-") || others.includes(name);
    if (!ends) continue;
    names.splice(each, 1);
    values.splice(each, 1);
  }
}
