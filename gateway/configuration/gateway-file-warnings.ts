import type { Mistake } from "./gateway-file-mistakes.ts";
import { sourcesOf } from "./gateway-file-names.ts";
import type { RouteSpec, WrittenFile } from "./gateway-file-schema.ts";

/** What is allowed and probably a slip. */
export const warningsOf = (file: WrittenFile): Mistake[] => [...unusedNames(file), ...unlimitedCallers(file)];

function unusedNames({ upstreams, limits, cors = {}, defaults, routes }: WrittenFile): Mistake[] {
  const used = {
    upstreams: new Set(routes.flatMap((route) => route.upstream ?? sourcesOf(route))),
    limits: new Set(routes.flatMap((route) => route.limits ?? defaults.limits)),
    cors: new Set(routes.map((route) => route.cors ?? defaults.cors)),
  };
  const unused = (kind: keyof typeof used, defined: object) =>
    Object.keys(defined)
      .filter((name) => !used[kind].has(name))
      .map((name) => ({ at: [kind, name], message: "is used by no route" }));
  return [...unused("upstreams", upstreams), ...unused("limits", limits), ...unused("cors", cors)];
}

/** A limit by user does not count who is none, and one by API key not who has a token: such a caller may have no limit. */
function unlimitedCallers({ routes, limits, defaults }: WrittenFile): Mistake[] {
  return routes.flatMap((route, index) => {
    const names = route.limits ?? defaults.limits;
    // Without any it is meant so.
    if (names.length === 0) return [];
    const counted = names.map((name) => new Set(limits[name]?.by));
    const free = callersOf(route).filter(({ lacks }) =>
      counted.every((by) => lacks.some((part) => by.has(part))),
    );
    return free.map(({ who }) => ({ at: ["routes", index], message: `has no limit that counts ${who}` }));
  });
}

const unknown = { who: "callers without a credential", lacks: ["user", "api-key"] } as const;
const byToken = { who: "callers with a token", lacks: ["api-key"] } as const;

function callersOf({ auth, ignoreToken }: RouteSpec) {
  const spec = typeof auth === "object" ? auth : {};
  const anonymous = auth === "anyone" || spec.anonymous === true;
  const takesTokens = !ignoreToken && (spec.accept ?? ["token"]).includes("token");
  return [...(anonymous ? [unknown] : []), ...(takesTokens ? [byToken] : [])];
}
