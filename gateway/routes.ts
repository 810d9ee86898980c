import { compileLimits } from "./configuration/compile-limits.ts";
import type { GatewayFile } from "./configuration/gateway-file.ts";
import { noCors } from "./configuration/gateway-file-names.ts";
import type { AnswerName, AuthSpec, Method, RouteSpec } from "./configuration/gateway-file-schema.ts";
import type { Limit } from "./limits/limit.ts";
import { RoutesByHost } from "./routes-hosts.ts";
import type { HeaderValues } from "./routes-tree.ts";
import { type CorsPolicy, compileCors } from "./stages/allow-origin.ts";
import { type Origin, parseOrigin } from "./upstream/origin.ts";

export interface Upstream {
  readonly name: string;
  /** Without a slash at the end. */
  readonly url: string;
  readonly origin: Origin;
}

/** Who may call a route. */
export interface RouteAuth {
  /** Callers without a credential may too. */
  readonly anonymous: boolean;
  /** Any of them; empty: no role is asked for. */
  readonly roles: readonly string[];
  /** All of them. */
  readonly scopes: readonly string[];
  readonly accept: readonly ("token" | "api-key")[];
  /** Names of issuers whose tokens are taken; empty: every issuer's. */
  readonly issuers: readonly string[];
}

/** One line of `gateway.yaml`, with its names resolved and its defaults filled in. */
export interface Route {
  /** As written, `/api/orders/{id}`: what metrics and logs call it. */
  readonly template: string;
  /** `shop.example.com`, `*.example.com`, or empty for every host. */
  readonly host: string;
  /** Conditions on the request, with names in lower case; all of them have to hold. */
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly parameters: readonly string[];
  readonly methods: readonly Method[];
  readonly target:
    | { readonly kind: "upstream"; readonly upstream: Upstream }
    | { readonly kind: "answer"; readonly answer: AnswerName };
  readonly auth: RouteAuth;
  readonly ignoreToken: boolean;
  /** Whether the upstream's 401 says that somebody failed to sign in. */
  readonly signIn: boolean;
  /** Every one of them has to allow a request. */
  readonly limits: readonly Limit[];
  /** What one request takes from each limit. */
  readonly cost: number;
  readonly timeoutMs: number;
  readonly bodyBytes: number;
  /** Media types of bodies that are taken; empty: whatever comes. */
  readonly contentTypes: readonly string[];
  /** Whether requests are checked against the upstream's own OpenAPI document. */
  readonly validate: boolean;
  /** Whose pages may call it from a browser; undefined: nobody's. */
  readonly cors: CorsPolicy | undefined;
  /** How its refusals are told. */
  readonly refusals: "problem" | "oauth";
}

/** Immutable: a changed file is compiled to a new table. */
export interface RouteTable {
  readonly routes: readonly Route[];
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly limits: ReadonlyMap<string, Limit>;
  /** For answers where no route was found. */
  readonly cors: CorsPolicy | undefined;
  /**
   * The most specific route that matches in everything.
   * @param host as the `Host` header has it
   * @param values receives what stands in the place of the parameters, in their order
   */
  find(
    host: string,
    method: string,
    path: string,
    headers: HeaderValues,
    values: string[],
  ): Route | undefined;
  /** The route that the request would take which a preflight announces. */
  findAnnounced(host: string, method: string, path: string, headers: HeaderValues): Route | undefined;
  /** The value of an `Allow` header; empty where there is nothing for any method. */
  allowed(host: string, path: string, headers: HeaderValues): string;
}

interface Parts {
  readonly defaults: GatewayFile["defaults"];
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly limits: ReadonlyMap<string, Limit>;
  readonly cors: ReadonlyMap<string, CorsPolicy>;
}

/**
 * Compiles a checked file.
 * @param before the table that it takes the place of
 */
export function compileRoutes(file: GatewayFile, before?: RouteTable): RouteTable {
  const parts: Parts = {
    defaults: file.defaults,
    upstreams: new Map(
      Object.entries(file.upstreams).map(([name, { url }]) => [
        name,
        { name, url, origin: parseOrigin(url) },
      ]),
    ),
    limits: compileLimits(file.limits, before?.limits),
    cors: new Map(Object.entries(file.cors).map(([name, spec]) => [name, compileCors(name, spec)])),
  };
  const routes = file.routes.map((spec) => compileRoute(spec, parts));
  const byHost = new RoutesByHost(routes);
  return {
    routes,
    upstreams: parts.upstreams,
    limits: parts.limits,
    cors: parts.cors.get(file.defaults.cors ?? noCors),
    find: (host, method, path, headers, values) =>
      byHost.find(host, method, path, headers, conditionsHold, values),
    findAnnounced: (host, method, path, headers) =>
      byHost.find(host, method, path, headers, conditionsMayHold, []),
    allowed: (host, path, headers) => byHost.allowed(host, path, headers, conditionsHold),
  };
}

function conditionsHold({ headers: conditions }: Route, headers: HeaderValues): boolean {
  for (let at = 0; at < conditions.length; at++) {
    const condition = conditions[at];
    if (condition && headers.get(condition.name) !== condition.value) return false;
  }
  return true;
}

/** A preflight names the headers of the request to come (Fetch §4.8), without their values. */
function conditionsMayHold({ headers: conditions }: Route, headers: HeaderValues): boolean {
  const announced = (headers.get("access-control-request-headers") ?? "").toLowerCase().split(",");
  const names = new Set(announced.map((name) => name.trim()));
  return conditions.every(({ name, value }) => names.has(name) || headers.get(name) === value);
}

function compileRoute(spec: RouteSpec, { defaults, upstreams, limits, cors }: Parts): Route {
  const upstream = spec.upstream === undefined ? undefined : upstreams.get(spec.upstream);
  const target = upstream
    ? ({ kind: "upstream", upstream } as const)
    : spec.answer && ({ kind: "answer", answer: spec.answer } as const);
  const named = (spec.limits ?? defaults.limits).map((name) => limits.get(name));
  const own = named.filter((limit) => limit !== undefined);
  if (!target || own.length < named.length) throw new Error(`Route ${spec.path} names what is not defined`);
  const auth = compileAuth(spec.auth);
  return {
    template: spec.path,
    host: spec.host ?? "",
    headers: Object.entries(spec.headers ?? {}).map(([name, value]) => ({ name: name.toLowerCase(), value })),
    parameters: [...spec.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? ""),
    methods: spec.methods,
    target,
    auth,
    ignoreToken: spec.ignoreToken ?? false,
    signIn: spec.signIn ?? auth.anonymous,
    limits: own,
    cost: spec.cost ?? 1,
    timeoutMs: spec.timeoutMs ?? defaults.timeoutMs,
    bodyBytes: spec.bodyBytes ?? defaults.bodyBytes,
    contentTypes: spec.contentTypes ?? defaults.contentTypes ?? [],
    validate: spec.validate ?? false,
    cors: cors.get(spec.cors ?? defaults.cors ?? noCors),
    refusals: spec.refusals ?? "problem",
  };
}

function compileAuth(auth: AuthSpec): RouteAuth {
  const spec = typeof auth === "object" ? auth : {};
  return {
    anonymous: auth === "anyone" || spec.anonymous === true,
    roles: auth === "admin" ? ["admin"] : (spec.roles ?? []),
    scopes: spec.scopes ?? [],
    accept: spec.accept ?? ["token"],
    issuers: spec.issuers ?? [],
  };
}
