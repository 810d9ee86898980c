import { type Problem, problemResponse, problems } from "#mesh/problem";
import { correlationHeader, runWith } from "#observability/context";
import type { Log } from "#observability/log";
import type { Metrics } from "#observability/metrics";
import type { ApiKeys } from "./api-keys/api-keys.ts";
import { type Arrival, Exchange } from "./exchange.ts";
import type { Decision, Pace } from "./limits/gcra.ts";
import { edgeProblems } from "./problems.ts";
import type { Route, RouteTable, Upstream } from "./routes.ts";
import type { CurrentSnapshot, Snapshot } from "./snapshot.ts";
import { answerOptions, setCorsHeaders } from "./stages/allow-origin.ts";
import { authenticate } from "./stages/authenticate.ts";
import { authorise } from "./stages/authorise.ts";
import { findClient, type TrustedProxies } from "./stages/client-address.ts";
import { findRoute } from "./stages/find-route.ts";
import { forward } from "./stages/forward.ts";
import { applyDecision, limitKey, setRateLimitHeaders } from "./stages/limit-rate.ts";
import { readBody } from "./stages/read-body.ts";
import { readTarget } from "./stages/read-target.ts";
import { createRecord } from "./stages/record.ts";
import { droppedFromAnswers, screenHeaders } from "./stages/screen-headers.ts";
import { setSecurityHeaders } from "./stages/secure-headers.ts";
import type { UpstreamFailure } from "./upstream/call-upstream.ts";
import type { Deadlines } from "./upstream/deadlines.ts";

export interface Limiter {
  decide(key: string, limit: Pace, now: number): Decision | Promise<Decision>;
}

/** Answers a route by itself, for what is not simply one upstream's answer. */
export type Answer = (exchange: Exchange) => Promise<Response> | Response;

export interface PipelineOptions {
  /** Read once for each request, which keeps to what it finds there. */
  readonly snapshots: CurrentSnapshot;
  /** Left out: no API key is taken. */
  readonly apiKeys?: ApiKeys | undefined;
  readonly trusted: TrustedProxies;
  readonly limiter: Limiter;
  readonly deadlines: Deadlines;
  readonly log: Log;
  readonly metrics: Metrics;
}

export type Pipeline = (request: Request, arrival: Arrival) => Promise<Response>;

/** Nginx's word for a client that did not wait; nobody ever reads it but the access log. */
const clientClosedRequest = 499;

/** Everything between a client and a service, in the order in which it happens. See `README.md` for the picture. */
export function createPipeline(options: PipelineOptions): Pipeline {
  const { snapshots, apiKeys, trusted, limiter, deadlines, log, metrics } = options;
  const record = createRecord({ log, metrics });
  const decisions = metrics.counter("gateway_rate_limit_decisions_total", "Rate limit decisions", [
    "limit",
    "outcome",
    "by",
  ]);
  const upstreamErrors = metrics.counter("gateway_upstream_errors_total", "Calls without an answer", [
    "upstream",
    "reason",
  ]);

  async function answer(
    exchange: Exchange,
    { table, verifier, answers }: Snapshot,
  ): Promise<Response | Problem> {
    const outside =
      readTarget(exchange) ??
      screenHeaders(exchange) ??
      answerOptions(exchange, table) ??
      findRoute(exchange, table);
    const { route } = exchange;
    if (outside || !route) return outside ?? edgeProblems.routeNotFound();

    // A refused token counts against the client's address: guessing must not be free.
    const unauthenticated = await authenticate(exchange, route, verifier, apiKeys);
    const limited = await limitRate(exchange, route);
    const refusal = limited ?? unauthenticated ?? authorise(exchange, route);
    if (refusal) return refusal;

    const unread = await readBody(exchange, route.bodyBytes);
    if (unread) return unread;
    if (route.target.kind === "answer") return answers[route.target.answer](exchange);
    const { upstream } = route.target;
    return passOn(upstream, await forward(exchange, upstream, route.timeoutMs, deadlines));
  }

  async function limitRate(exchange: Exchange, route: Route): Promise<Problem | undefined> {
    const [limit] = route.limits;
    if (limit?.rate.kind !== "rate") return undefined;
    const decision = await limiter.decide(limitKey(exchange, limit), limit.rate, Date.now());
    decisions.inc({
      limit: limit.name,
      outcome: decision.allowed ? "allowed" : "refused",
      by: decision.by,
    });
    return applyDecision(exchange, limit, decision);
  }

  function passOn(upstream: Upstream, outcome: Response | UpstreamFailure): Response | Problem {
    if (typeof outcome !== "string") return withoutHopHeaders(outcome);
    upstreamErrors.inc({ upstream: upstream.name, reason: outcome });
    if (outcome === "client-gone") return new Response(null, { status: clientClosedRequest });
    return outcome === "timeout"
      ? edgeProblems.upstreamTimeout(upstream.name)
      : edgeProblems.upstreamUnavailable(upstream.name);
  }

  return async (request, arrival) => {
    const snapshot = snapshots.current;
    const exchange = new Exchange(request, arrival, performance.now());
    findClient(exchange, trusted);
    let outcome: Response | Problem;
    try {
      outcome = await answer(exchange, snapshot);
    } catch (error) {
      log.error({ err: error, trace_id: exchange.context.traceId }, "request failed");
      outcome = problems.internal();
    }
    const response = outcome instanceof Response ? outcome : refuse(exchange, outcome);
    finish(exchange, snapshot.table, response.headers);
    record(exchange, response.status);
    return response;
  };
}

function refuse(exchange: Exchange, problem: Problem): Response {
  return runWith(exchange.context, () => problemResponse(problem, exchange.path));
}

/** The upstream's answer, body untouched and streaming, in headers that can be added to. */
function withoutHopHeaders(answer: Response): Response {
  const headers = new Headers(answer.headers);
  for (const name of droppedFromAnswers) headers.delete(name);
  return new Response(answer.body, { status: answer.status, headers });
}

function finish(exchange: Exchange, table: RouteTable, headers: Headers): void {
  headers.set(correlationHeader, exchange.context.correlationId);
  setRateLimitHeaders(exchange, headers);
  setCorsHeaders(exchange, table, headers);
  setSecurityHeaders(exchange, headers);
}
