import type { Caller, ServiceCaller, UserCaller } from "../identity/caller.ts";
import { isAdmin } from "../identity/caller.ts";
import type { Identity } from "../identity/identity.ts";
import { permits, type Scope } from "../identity/scopes.ts";
import type { ServiceName } from "../identity/service-name.ts";
import { ProblemError, problems } from "../problem.ts";

/**
 * The scope that lets a client or an API key do this in a person's name. `true`: nothing does, the person has to be
 * signed in; so a new route is closed to clients until somebody opens it.
 */
export type Opening = true | Scope;

/** @throws ProblemError 401, or 403 for a caller that is no person or a token whose scopes do not reach this */
export async function requireUser(
  identity: Identity,
  request: Request,
  opening: Opening = true,
): Promise<UserCaller> {
  const caller: Caller = await identity.authenticate(request);
  if (caller.kind !== "user") throw new ProblemError(problems.forbidden("Only a person may do this"));
  if (opening === true) {
    if (caller.scope !== "") throw new ProblemError(problems.insufficientScope());
  } else if (!permits(caller.scope, opening)) throw new ProblemError(problems.insufficientScope(opening));
  return caller;
}

/** @throws ProblemError 401, or 403 without the role or the scope */
export async function requireAdmin(
  identity: Identity,
  request: Request,
  opening: Opening = true,
): Promise<UserCaller> {
  const caller = await requireUser(identity, request, opening);
  if (!isAdmin(caller)) throw new ProblemError(problems.forbidden("This takes the role admin"));
  return caller;
}

/** @throws ProblemError 401, or 403 for whoever is not one of `names` */
export async function requireService(
  identity: Identity,
  request: Request,
  names: readonly ServiceName[],
): Promise<ServiceCaller> {
  const caller = await identity.authenticate(request);
  if (caller.kind !== "service" || !names.includes(caller.service)) {
    throw new ProblemError(problems.forbidden("Only certain services may do this"));
  }
  return caller;
}
