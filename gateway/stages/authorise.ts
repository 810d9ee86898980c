import { type Problem, problems } from "#mesh/problem";
import type { Exchange } from "../exchange.ts";
import { edgeProblems } from "../problems.ts";
import type { Route } from "../routes.ts";

/** Whether this caller may use the route at all: one of its roles and all of its scopes. Whose order it is, the service decides. */
export function authorise({ caller }: Exchange, { auth }: Route): Problem | undefined {
  if (!caller) return auth.anonymous ? undefined : edgeProblems.missingToken();
  const { roles, scopes } = auth;
  if (roles.length > 0 && !roles.some((role) => caller.roles.includes(role)))
    return edgeProblems.missingRole(roles.join(" or "));
  if (scopes.length > 0 && !caller.allScopes && !scopes.every((scope) => caller.scopes.includes(scope)))
    return problems.insufficientScope(scopes.join(" "));
  return undefined;
}
