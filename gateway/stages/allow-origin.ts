import type { Problem } from "#mesh/problem";
import type { Exchange } from "../exchange.ts";
import { edgeProblems } from "../problems.ts";
import type { RouteTable } from "../routes.ts";

export interface CorsPolicy {
  readonly origins: ReadonlySet<string>;
  readonly maxAgeSeconds: number;
}

const requestHeaders =
  "authorization, content-type, idempotency-key, if-match, if-none-match, traceparent, x-correlation-id";
const exposedHeaders =
  "idempotency-replayed, location, ratelimit, ratelimit-policy, retry-after, x-correlation-id";

/** Notes whether the page that calls may read the answer. CORS does not keep anyone out; tokens do. */
export function noteOrigin(exchange: Exchange, { origins }: CorsPolicy): void {
  const origin = exchange.request.headers.get("origin");
  if (origin !== null && origins.has(origin)) exchange.allowedOrigin = origin;
}

/**
 * Answers OPTIONS: a browser's preflight, or the plain question what a path takes.
 * Undefined for every other method.
 */
export function answerOptions(
  exchange: Exchange,
  table: RouteTable,
  { maxAgeSeconds }: CorsPolicy,
): Response | Problem | undefined {
  if (exchange.method !== "OPTIONS") return undefined;
  const routes = table.find(exchange.path, exchange.values);
  if (!routes) return edgeProblems.routeNotFound();
  const { headers } = exchange.request;
  if (headers.get("access-control-request-method") === null) {
    return new Response(null, { status: 204, headers: { allow: routes.allow } });
  }
  if (exchange.allowedOrigin === "") return edgeProblems.originRefused();
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-methods": routes.allow,
      "access-control-allow-headers": requestHeaders,
      "access-control-max-age": String(maxAgeSeconds),
    },
  });
}

export function setCorsHeaders(exchange: Exchange, headers: Headers): void {
  headers.append("vary", "Origin");
  if (exchange.allowedOrigin === "") return;
  headers.set("access-control-allow-origin", exchange.allowedOrigin);
  headers.set("access-control-expose-headers", exposedHeaders);
}
