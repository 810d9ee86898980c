import { swagger } from "@elysiajs/swagger";
import { TraceFlags } from "@opentelemetry/api";
import { Elysia } from "elysia";
import {
  contextFromHeaders,
  correlationHeader,
  currentContext,
  type RequestContext,
  runWith,
} from "#observability/context";
import type { Log } from "#observability/log";
import { exemplify, type Metrics } from "#observability/metrics";
import { methodLabel, serverSpan } from "#observability/trace/server-span";
import type { Tracing } from "#observability/trace/tracing";
import type { ServiceCaller, UserCaller } from "../identity/caller.ts";
import type { Identity } from "../identity/identity.ts";
import type { ServiceName } from "../identity/service-name.ts";
import { type Problem, ProblemError, problemResponse, problems } from "../problem.ts";
import { type Opening, requireAdmin, requireService, requireUser } from "./access.ts";
import { problemOf, withoutBody } from "./problem-of.ts";
import { refuseRepeats } from "./refuse-repeats.ts";
import { readStrictJson, readText } from "./strict-json.ts";

const maxBodyBytes = 256 * 1024;
/** Others are one in the metrics: their names are the caller's to choose. */

export interface ServiceAppOptions {
  readonly name: ServiceName;
  readonly identity: Identity;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Left out: nothing is traced. */
  readonly tracing?: Tracing | undefined;
  /** Routes that get the body as the text that came, because a signature covers it. */
  readonly rawBodyRoutes?: readonly string[];
  /** How a refusal is said; as a problem document when left out. */
  readonly answerProblem?: (problem: Problem, path: string) => Response;
}

type Fetch = (request: Request) => Response | Promise<Response>;

/** What the hooks of one request leave for each other. */
interface Exchange extends RequestContext {
  caller?: UserCaller | ServiceCaller;
  /** A route that nobody declared access to is closed. */
  declared?: boolean;
}

/**
 * The base of every service: strict JSON, problem documents, who calls, trace and correlation ids, metrics, one log
 * line for what failed. A route says who may call it by exactly one of `anyone`, `user`, `admin`, `services`; one that
 * says nothing answers 403. `user: true` is for people who signed in; `user: "orders:read"` also for clients and keys
 * that have this scope.
 */
export function createServiceApp({
  name,
  identity,
  log,
  metrics,
  tracing,
  rawBodyRoutes = [],
  answerProblem = problemResponse,
}: ServiceAppOptions) {
  const duration = metrics.histogram("http_server_request_duration_seconds", "Time to answer a request", [
    "method",
    "route",
    "status",
  ]);

  async function answer(request: Request, next: Fetch) {
    const started = performance.now();
    const exchange: Exchange = contextFromHeaders(request.headers, Date.now());
    if (tracing) join(tracing, exchange);
    const response = await runWith(exchange, async () => next(request));
    response.headers.set(correlationHeader, exchange.correlationId);
    const { method } = request;
    const { status } = response;
    const endedAt = performance.now();
    const seconds = (endedAt - started) / 1000;
    const route = exchange.route ?? "unmatched";
    const labels = { method: methodLabel(method), route, status: String(status) };
    duration.observe(labels, seconds);
    if (tracing?.keeps(exchange.traceFlags, status >= 500, endedAt - started)) {
      tracing.record(serverSpan(exchange, { method, status, scheme: "http", startedAt: started, endedAt }));
      exemplify(duration, labels, seconds, exchange.traceId);
    }
    return response;
  }

  return new Elysia({ name: `base-${name}`, normalize: false, handler: { standardHostname: false } })
    .onError({ as: "global" }, ({ code, error, request }) => {
      const problem = problemOf(code, error);
      if (problem.status === 500) log.error({ err: withoutBody(error) }, "request failed");
      else if (problem.status > 500)
        log.warn({ problem: problem.code, detail: problem.detail }, "request refused");
      return answerProblem(problem, new URL(request.url).pathname);
    })
    .wrap((next: unknown) => (request: Request) => answer(request, next as Fetch))
    .onParse({ as: "global" }, ({ request, route }) =>
      rawBodyRoutes.includes(route) ? readText(request, maxBodyBytes) : readStrictJson(request, maxBodyBytes),
    )
    .onTransform({ as: "global" }, ({ route, request }) => {
      refuseRepeats(request);
      const exchange = currentContext();
      if (exchange) exchange.route = route;
    })
    .onBeforeHandle({ as: "global" }, ({ path }) => {
      if (path === "/openapi.json") return;
      if (!exchangeOf().declared)
        throw new ProblemError(problems.forbidden("This call is not open to anyone"));
    })
    .macro({
      anyone: {
        transform: () => {
          exchangeOf().declared = true;
        },
      },
      user: (opening: Opening) => ({
        transform: async ({ request }: { request: Request }) =>
          admit(await requireUser(identity, request, opening)),
        resolve: () => ({ caller: exchangeOf().caller as UserCaller }),
      }),
      admin: (opening: Opening) => ({
        transform: async ({ request }: { request: Request }) =>
          admit(await requireAdmin(identity, request, opening)),
        resolve: () => ({ caller: exchangeOf().caller as UserCaller }),
      }),
      services: (names: readonly ServiceName[]) => ({
        transform: async ({ request }: { request: Request }) =>
          admit(await requireService(identity, request, names)),
        resolve: () => ({ caller: exchangeOf().caller as ServiceCaller }),
      }),
    })
    .use(
      swagger({
        path: "/openapi",
        specPath: "/openapi.json",
        documentation: { info: { title: name, version: "1.0.0" } },
        exclude: ["/openapi", "/openapi.json"],
        // Else a path with a dot in it, such as the JWKS, is taken for a file and left out.
        excludeStaticFile: false,
      }),
    );
}

/** Who calls has decided whether the trace is recorded; a request without a trace begins one. */
function join(tracing: Tracing, exchange: Exchange): void {
  if (exchange.parentSpanId === undefined) exchange.traceFlags = tracing.sample();
  if (tracing.on && exchange.traceFlags & TraceFlags.SAMPLED) exchange.tracing = tracing;
}

function exchangeOf(): Exchange {
  const exchange = currentContext();
  if (!exchange) throw new Error("A handler runs outside of its request's context");
  return exchange;
}

function admit(caller: UserCaller | ServiceCaller): void {
  const exchange = exchangeOf();
  exchange.caller = caller;
  exchange.declared = true;
  if (caller.kind === "user") exchange.userId = caller.userId;
}
