import type { Problem } from "#mesh/problem";
import type { Exchange } from "../exchange.ts";
import { edgeProblems } from "../problems.ts";
import type { Route } from "../routes.ts";

/** Whether this caller may use the route at all. Whose order it is, the service decides. */
export function authorise({ caller }: Exchange, { auth }: Route): Problem | undefined {
  if (auth.anonymous) return undefined;
  if (!caller) return edgeProblems.missingToken();
  const { roles } = auth;
  if (roles.length > 0 && !roles.some((role) => caller.roles.includes(role)))
    return edgeProblems.missingRole(roles.join(" or "));
  return undefined;
}
