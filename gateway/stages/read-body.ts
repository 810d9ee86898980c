import { type Problem, problems } from "#mesh/problem";
import type { Exchange } from "../exchange.ts";
import { edgeProblems } from "../problems.ts";
import type { Route } from "../routes.ts";

/**
 * Takes in the request's body before an upstream is troubled. A body is small here (`bodyBytes` of the route), and
 * this way one that is too large, or breaks off, never reaches a service in part; a slow sender holds no connection
 * to one; and a call may be repeated when the service is just being restarted.
 */
export function readBody(
  { request, method, fields }: Exchange,
  { bodyBytes, contentTypes }: Route,
): Problem | undefined | Promise<Problem | undefined> {
  // What a GET carries has no meaning (RFC 9110 §9.3.1): it is not read, and does not travel on.
  if (method === "GET" || method === "HEAD" || request.head.framing.kind === "none") return undefined;
  if (contentTypes.length > 0 && !contentTypes.includes(mediaType(fields.get("content-type")))) {
    return problems.unsupportedMediaType(contentTypes);
  }
  const coding = fields.get("content-encoding");
  if (coding !== null && coding.toLowerCase() !== "identity") return edgeProblems.codedBody();
  return request.readBody(bodyBytes);
}

/** Without parameters, in lower case. */
function mediaType(value: string | null): string {
  if (value === null) return "";
  const semicolon = value.indexOf(";");
  return (semicolon === -1 ? value : value.slice(0, semicolon)).trim().toLowerCase();
}
