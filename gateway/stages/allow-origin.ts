import type { Problem } from "#mesh/problem";
import type { CorsSpec } from "../configuration/gateway-file-schema.ts";
import type { Exchange, RoutedRequest } from "../exchange.ts";
import type { FieldWriter } from "../http/fields.ts";
import { edgeProblems } from "../problems.ts";
import type { Route, RouteTable } from "../routes.ts";

/** A policy of `cors` in gateway.yaml, compiled. Origins are exact: there is no wildcard, with or without credentials. */
export interface CorsPolicy {
  readonly name: string;
  readonly origins: ReadonlySet<string>;
  /** Undefined: all methods of a route. */
  readonly methods: ReadonlySet<string> | undefined;
  readonly requestHeaders: readonly string[];
  /** The value of `Access-Control-Expose-Headers`. */
  readonly exposed: string;
  readonly credentials: boolean;
  readonly maxAgeSeconds: number;
}

const usualRequestHeaders = [
  "authorization",
  "content-type",
  "idempotency-key",
  "if-match",
  "if-none-match",
  "traceparent",
  "x-api-key",
  "x-correlation-id",
];
const usualExposed = [
  "idempotency-replayed",
  "location",
  "ratelimit",
  "ratelimit-policy",
  "retry-after",
  "x-correlation-id",
];

export function compileCors(name: string, spec: CorsSpec): CorsPolicy {
  return {
    name,
    origins: new Set(spec.origins),
    methods: spec.methods && new Set(spec.methods),
    requestHeaders: (spec.headers ?? usualRequestHeaders).map((header) => header.toLowerCase()),
    exposed: (spec.expose ?? usualExposed).join(", "),
    credentials: spec.credentials ?? false,
    maxAgeSeconds: spec.maxAgeSeconds,
  };
}

/**
 * Answers OPTIONS: a browser's preflight as the route says that the announced request would take, or the plain question
 * what a path takes. Undefined for every other method.
 */
export function answerOptions(exchange: RoutedRequest, table: RouteTable): Response | Problem | undefined {
  if (exchange.method !== "OPTIONS") return undefined;
  const { fields: headers } = exchange;
  const announced = headers.get("access-control-request-method");
  if (announced === null) {
    const allow = table.allowed(exchange.host, exchange.path, headers);
    return allow === ""
      ? edgeProblems.routeNotFound()
      : new Response(null, { status: 204, headers: { allow } });
  }
  const route = table.findAnnounced(exchange.host, announced, exchange.path, headers);
  if (!route) {
    const allow = table.allowed(exchange.host, exchange.path, headers);
    return allow === "" ? edgeProblems.routeNotFound() : edgeProblems.methodNotAllowed(allow);
  }
  exchange.route = route;
  exchange.context.route = route.template;
  const origin = headers.get("origin");
  if (!route.cors || origin === null || !route.cors.origins.has(origin)) return edgeProblems.originRefused();
  return new Response(null, { status: 204, headers: preflightHeaders(route, route.cors) });
}

function preflightHeaders({ methods, headers }: Route, policy: CorsPolicy): Record<string, string> {
  const taken = methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  const allowed = [...policy.requestHeaders, ...headers.map(({ name }) => name)];
  return {
    "access-control-allow-methods": taken.filter((method) => policy.methods?.has(method) ?? true).join(", "),
    "access-control-allow-headers": [...new Set(allowed)].join(", "),
    "access-control-max-age": String(policy.maxAgeSeconds),
    vary: "Access-Control-Request-Method, Access-Control-Request-Headers",
  };
}

/**
 * Says whether the page that calls may read the answer, as the route's policy has it; where there is no route, as the
 * default has it, so that a page can read why. CORS does not keep anyone out; tokens do.
 */
export function setCorsHeaders({ fields, route }: Exchange, table: RouteTable, headers: FieldWriter): void {
  const policy = route ? route.cors : table.cors;
  if (!policy) return;
  // Also where there is no origin: a cache must not give the answer to a page.
  headers.append("vary", "Origin");
  const origin = fields.get("origin");
  if (origin === null || !policy.origins.has(origin)) return;
  headers.set("access-control-allow-origin", origin);
  headers.set("access-control-expose-headers", policy.exposed);
  if (policy.credentials) headers.set("access-control-allow-credentials", "true");
}
