import type { Route } from "../routes.ts";
import type { Signal } from "./threat-policy.ts";

/**
 * What an answer of 400 or more tells of the client; undefined for what tells nothing, such as a conflict.
 * @param code of the problem, where the gateway itself refused
 */
export function signalOf(
  status: number,
  code: string | undefined,
  route: Route | undefined,
): Signal | undefined {
  switch (status) {
    case 400:
      return code === "bad-path" || code === "bad-host" ? "bad-path" : "invalid-input";
    case 401:
      // Of a service, and by its route: it was a password, a code or a secret.
      return code === undefined && route?.signIn ? "failed-sign-in" : "unauthorized";
    case 403:
      return code === "address-refused" ? undefined : "forbidden";
    case 404:
      return code === "route-not-found" ? "unknown-path" : "not-found";
    case 405:
      return "unknown-path";
    case 408:
    case 414:
    case 431:
      return "unreadable";
    case 413:
    case 415:
    case 422:
      return "invalid-input";
    case 429:
      return code === "blocked-for-a-while" ? undefined : "over-limit";
    default:
      return undefined;
  }
}
