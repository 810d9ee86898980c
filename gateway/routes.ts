import type { AnswerName, Auth, GatewayFile, LimitSpec, Method, RouteSpec } from "./gateway-file.ts";
import type { Limit } from "./limits/limit.ts";
import type { CorsPolicy } from "./stages/allow-origin.ts";

export interface Upstream {
  readonly name: string;
  /** Without a slash at the end. */
  readonly url: string;
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
}

/** The routes of one path, by method. */
export interface PathRoutes {
  readonly byMethod: ReadonlyMap<string, Route>;
  /** The value of an `Allow` header (RFC 9110 §10.2.1). */
  readonly allow: string;
}

/** Immutable: a changed file is compiled to a new table. */
export interface RouteTable {
  readonly routes: readonly Route[];
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly limits: readonly Limit[];
  /** `values` receives what stands in the place of the parameters, in their order. */
  find(path: string, values: string[]): PathRoutes | undefined;
}

interface Node {
  readonly fixed: Map<string, Node>;
  parameter?: Node;
  routes?: { byMethod: Map<string, Route>; allow: string };
}

/** Compiles a checked file. Fixed segments win over parameters. */
export function compileRoutes(file: GatewayFile): RouteTable {
  const upstreams = new Map(Object.entries(file.upstreams).map(([name, { url }]) => [name, { name, url }]));
  const limits = new Map(Object.entries(file.limits).map(([name, spec]) => [name, compileLimit(name, spec)]));
  const root: Node = { fixed: new Map() };
  const exact = new Map<string, PathRoutes>();
  const routes: Route[] = [];
  const cors = { origins: new Set(file.cors.origins), maxAgeSeconds: file.cors.maxAgeSeconds };
  for (const spec of file.routes) {
    const route = compileRoute(spec, file.defaults, upstreams, limits, cors);
    const node = nodeOf(root, spec.path);
    node.routes ??= { byMethod: new Map(), allow: "" };
    for (const method of spec.methods) {
      node.routes.byMethod.set(method, route);
      if (method === "GET") node.routes.byMethod.set("HEAD", route);
    }
    node.routes.allow = [...node.routes.byMethod.keys(), "OPTIONS"].join(", ");
    if (route.parameters.length === 0) exact.set(spec.path, node.routes);
    routes.push(route);
  }
  return {
    routes,
    upstreams,
    limits: [...limits.values()],
    find: (path, values) => exact.get(path) ?? descend(root, path, 1, values),
  };
}

function compileRoute(
  spec: RouteSpec,
  defaults: GatewayFile["defaults"],
  upstreams: ReadonlyMap<string, Upstream>,
  limits: ReadonlyMap<string, Limit>,
  cors: CorsPolicy,
): Route {
  const limit = limits.get(spec.limit ?? defaults.limit);
  const upstream = spec.upstream === undefined ? undefined : upstreams.get(spec.upstream);
  const target = upstream
    ? ({ kind: "upstream", upstream } as const)
    : spec.answer && ({ kind: "answer", answer: spec.answer } as const);
  if (!limit || !target) throw new Error(`Route ${spec.path} names what is not defined`);
  return {
    template: spec.path,
    host: "",
    headers: [],
    parameters: [...spec.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? ""),
    methods: spec.methods,
    target,
    auth: compileAuth(spec.auth),
    ignoreToken: spec.ignoreToken ?? false,
    limits: [limit],
    cost: 1,
    timeoutMs: spec.timeoutMs ?? defaults.timeoutMs,
    bodyBytes: spec.bodyBytes ?? defaults.bodyBytes,
    contentTypes: [],
    validate: false,
    cors,
  };
}

function compileAuth(auth: Auth): RouteAuth {
  const roles = auth === "admin" ? ["admin"] : [];
  return { anonymous: auth === "anyone", roles, scopes: [], accept: ["token"], issuers: [] };
}

function compileLimit(name: string, { requests, perSeconds, burst, by }: LimitSpec): Limit {
  const intervalMs = (perSeconds * 1000) / requests;
  // The whole burst is there again after `burst` intervals: that is the window a client can reckon with.
  const windowSeconds = Math.max(1, Math.ceil((burst * intervalMs) / 1000));
  const policy = `"${name}";q=${burst};w=${windowSeconds}`;
  const rate = { kind: "rate", requests, perSeconds, burst, intervalMs, policy } as const;
  return { name, by: [by], rate, tiers: new Map(), exempt: [] };
}

function nodeOf(root: Node, path: string): Node {
  let node = root;
  for (const segment of path.slice(1).split("/")) {
    let next = segment.startsWith("{") ? node.parameter : node.fixed.get(segment);
    if (!next) {
      next = { fixed: new Map() };
      if (segment.startsWith("{")) node.parameter = next;
      else node.fixed.set(segment, next);
    }
    node = next;
  }
  return node;
}

/** Walks the tree along `path` from `start`, just behind a slash. An empty segment matches nothing. */
function descend(node: Node, path: string, start: number, values: string[]): PathRoutes | undefined {
  const slash = path.indexOf("/", start);
  const segment = slash === -1 ? path.slice(start) : path.slice(start, slash);
  if (segment === "") return undefined;
  const fixed = node.fixed.get(segment);
  const found = fixed && (slash === -1 ? fixed.routes : descend(fixed, path, slash + 1, values));
  if (found || !node.parameter) return found;
  values.push(segment);
  const open = slash === -1 ? node.parameter.routes : descend(node.parameter, path, slash + 1, values);
  if (!open) values.pop();
  return open;
}
