import type { Caller, ServiceCaller, UserCaller } from "../identity/caller.ts";
import { isAdmin } from "../identity/caller.ts";
import type { Identity } from "../identity/identity.ts";
import type { ServiceName } from "../identity/service-name.ts";
import { ProblemError, problems } from "../problem.ts";

/** @throws ProblemError 401, or 403 for a caller that is no person */
export async function requireUser(identity: Identity, request: Request): Promise<UserCaller> {
  const caller: Caller = await identity.authenticate(request);
  if (caller.kind !== "user") throw new ProblemError(problems.forbidden("Only a person may do this"));
  return caller;
}

/** @throws ProblemError 401, or 403 without the role */
export async function requireAdmin(identity: Identity, request: Request): Promise<UserCaller> {
  const caller = await requireUser(identity, request);
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
