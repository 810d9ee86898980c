import type { Problem } from "#mesh/problem";
import type { Exchange } from "../exchange.ts";
import { edgeProblems } from "../problems.ts";
import type { RouteTable } from "../routes.ts";

/** Finds the route by path, then by method: what is not in the table does not exist. */
export function findRoute(exchange: Exchange, table: RouteTable): Problem | undefined {
  const routes = table.find(exchange.path, exchange.values);
  if (!routes) return edgeProblems.routeNotFound();
  const route = routes.byMethod.get(exchange.method);
  if (!route) return edgeProblems.methodNotAllowed(routes.allow);
  exchange.route = route;
  exchange.context.route = route.template;
  return undefined;
}
