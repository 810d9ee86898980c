import type { Problem } from "#mesh/problem";
import type { RoutedRequest } from "../exchange.ts";
import { edgeProblems } from "../problems.ts";

// RFC 3986 §3.3 pchar, without escapes. What most paths consist of.
const plainPath = /^(?:\/[\w.~!$&'()*+,;=:@-]*)+$/;
const pathWithEscapes = /^(?:\/(?:[\w.~!$&'()*+,;=:@-]|%[0-9a-fA-F]{2})*)+$/;
/** Escapes that mean a delimiter, a control character, another escape, or a character that needs none (RFC 3986 §6.2.2.2). */
const refusedEscapes = /%(?:2[5fFdDeE]|5[cCfF]|7[eEfF]|[01][0-9a-fA-F]|3[0-9]|[46][1-9a-fA-F]|[57][0-9aA])/;
const hostPattern = /^[a-zA-Z0-9.-]{1,253}(?::\d{1,5})?$|^\[[0-9a-fA-F:.]{2,45}\](?::\d{1,5})?$/;
const urlInFull = /^https?:\/\//i;

/**
 * Reads the one path on which the request is routed, authorised and forwarded. Whatever two parsers could read
 * differently is refused, so that no later one can.
 */
export function readTarget(exchange: RoutedRequest): Problem | undefined {
  exchange.host = exchange.fields.get("host") ?? "";
  if (!hostPattern.test(exchange.host)) return edgeProblems.badHost();
  const { target: sent } = exchange.request.head;
  const target = urlInFull.test(sent) ? withoutAuthority(sent, exchange.host) : sent;
  if (target === undefined) return edgeProblems.badHost();
  const mark = target.indexOf("?");
  const path = mark === -1 ? target : target.slice(0, mark);
  const problem = problemOfPath(path) ?? (mark === -1 ? undefined : problemOfQuery(target.slice(mark + 1)));
  if (problem) return problem;
  exchange.path = path;
  exchange.query = mark === -1 ? "" : target.slice(mark);
  return undefined;
}

/** Of a target in absolute form (RFC 9112 §3.2.2) what a proxy would send on, if it names the host that `Host` names. */
function withoutAuthority(target: string, host: string): string | undefined {
  const from = target.indexOf("//") + 2;
  const slash = target.indexOf("/", from);
  const authority = slash === -1 ? target.slice(from) : target.slice(from, slash);
  if (authority.toLowerCase() !== host.toLowerCase()) return undefined;
  return slash === -1 ? "/" : target.slice(slash);
}

/** A path is good when every parser after this one reads the same segments in it. */
export function problemOfPath(path: string): Problem | undefined {
  if (!plainPath.test(path)) {
    if (!pathWithEscapes.test(path)) return edgeProblems.badPath("A character in it has to be escaped");
    if (refusedEscapes.test(path)) return edgeProblems.badPath("An escape in it is not taken");
    if (!isUtf8(path)) return edgeProblems.badPath("Its escapes are not UTF-8");
  }
  if (path.includes("//")) return edgeProblems.badPath("Empty segments are not taken");
  if (path.includes("/.") && /\/\.{1,2}(?:\/|$)/.test(path)) {
    return edgeProblems.badPath("Dot segments are not taken");
  }
  return undefined;
}

/** NUL and broken UTF-8 are refused here because databases choke on them. A `#` never belongs on the wire. */
function problemOfQuery(query: string): Problem | undefined {
  if (query.includes("#")) return edgeProblems.badPath("A fragment is not taken");
  if (query.includes("%") && (query.includes("%00") || !isUtf8(query))) {
    return edgeProblems.badPath("The escapes of its query are not UTF-8");
  }
  return undefined;
}

function isUtf8(escaped: string): boolean {
  try {
    decodeURIComponent(escaped);
    return true;
  } catch {
    return false;
  }
}
