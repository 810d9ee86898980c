import type { Problem } from "#mesh/problem";
import type { RoutedRequest } from "../exchange.ts";
import type { RouteTable } from "../routes.ts";
import { answerOptions } from "./allow-origin.ts";
import { findRoute } from "./find-route.ts";
import { readTarget } from "./read-target.ts";

/** The way to a route: an answer is one to OPTIONS, a problem says why there is no way. */
export const routeRequest = (exchange: RoutedRequest, table: RouteTable): Response | Problem | undefined =>
  readTarget(exchange) ?? answerOptions(exchange, table) ?? findRoute(exchange, table);
