import type { Problem } from "#mesh/problem";
import type { RoutedRequest } from "../exchange.ts";
import { edgeProblems } from "../problems.ts";
import type { RouteTable } from "../routes.ts";

/** Finds the route by host, path, method and headers: what is not in the table does not exist. */
export function findRoute(exchange: RoutedRequest, table: RouteTable): Problem | undefined {
  const { host, method, path, fields } = exchange;
  const route = table.find(host, method, path, fields, exchange.values);
  if (!route) {
    const allow = table.allowed(host, path, fields);
    return allow === "" ? edgeProblems.routeNotFound() : edgeProblems.methodNotAllowed(allow);
  }
  exchange.route = route;
  exchange.context.route = route.template;
  return undefined;
}
