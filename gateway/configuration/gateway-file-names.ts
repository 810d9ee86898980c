import type { Mistake } from "./gateway-file-mistakes.ts";
import type { At } from "./gateway-file-places.ts";
import type { AnswerName, RouteSpec, WrittenFile } from "./gateway-file-schema.ts";

type Entries = readonly (readonly [number, RouteSpec])[];

/** Upstreams that an answer put together here reads from, by the names the file has to give them. */
const sources: Readonly<Partial<Record<AnswerName, readonly string[]>>> = {
  "order-details": ["order", "user", "product"],
};

export const sourcesOf = ({ answer }: Pick<RouteSpec, "answer">): readonly string[] =>
  (answer && sources[answer]) ?? [];

/** The name that stands for no policy where the name of one is asked for. */
export const noCors = "none";

/** Names that are referred to and defined nowhere. */
export function danglingNames(file: WrittenFile, routes: Entries): Mistake[] {
  const mistakes: Mistake[] = [];
  const check = (at: At, name: string | undefined, among: object, kind: string) => {
    if (name === undefined || Object.hasOwn(among, name)) return;
    mistakes.push({ at, message: `names the ${kind} ${JSON.stringify(name)}, which is not defined` });
  };
  const { upstreams, limits, defaults } = file;
  const policies = { ...file.cors, [noCors]: undefined };
  const issuers = file.issuers ?? {};
  const roles = file.roles && Object.fromEntries(file.roles.map((role) => [role, undefined]));
  const checkRoles = (at: At, names: readonly string[] = []) => {
    for (const [nth, name] of names.entries()) if (roles) check([...at, nth], name, roles, "role");
  };
  const tiers = Object.fromEntries((file.tiers ?? []).map((tier) => [tier, undefined]));
  if (file.cors && Object.hasOwn(file.cors, noCors)) {
    mistakes.push({ at: ["cors", noCors], message: "cannot be a policy: the name says that there is none" });
  }
  for (const [at, limit] of defaults.limits.entries())
    check(["defaults", "limits", at], limit, limits, "limit");
  check(["defaults", "cors"], defaults.cors, policies, "cors policy");
  for (const [name, limit] of Object.entries(limits)) {
    for (const tier of Object.keys(limit.tiers ?? {}))
      check(["limits", name, "tiers", tier], tier, tiers, "tier");
    checkRoles(["limits", name, "exempt"], limit.exempt);
  }
  for (const [index, route] of routes) {
    const of = (...key: At): At => ["routes", index, ...key];
    check(of("upstream"), route.upstream, upstreams, "upstream");
    for (const [at, limit] of (route.limits ?? []).entries()) check(of("limits", at), limit, limits, "limit");
    check(of("cors"), route.cors, policies, "cors policy");
    if (route.auth === "admin" && roles) check(of("auth"), route.auth, roles, "role");
    if (typeof route.auth === "object") {
      checkRoles(of("auth", "roles"), route.auth.roles);
      for (const [at, issuer] of (route.auth.issuers ?? []).entries())
        check(of("auth", "issuers", at), issuer, issuers, "issuer");
    }
    for (const source of sourcesOf(route)) {
      if (Object.hasOwn(upstreams, source)) continue;
      mistakes.push({ at: of("answer"), message: `reads from the upstream ${source}, which is not defined` });
    }
  }
  return mistakes;
}
