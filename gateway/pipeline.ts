import { type Problem, problems } from "#mesh/problem";
import { correlationHeader, newContext } from "#observability/context";
import type { Log } from "#observability/log";
import type { Metrics } from "#observability/metrics";
import type { Tracing } from "#observability/trace/tracing";
import type { ApiKeys } from "./api-keys/api-keys.ts";
import type { CurrentSnapshot, Snapshot } from "./configuration/snapshot.ts";
import { Exchange } from "./exchange.ts";
import type { Fields } from "./http/fields.ts";
import type { LeasedLimiter } from "./limits/leased-limiter.ts";
import type { EdgeRequest } from "./listener/edge-request.ts";
import { type EdgeResponse, fromWebResponse, problemAnswer } from "./listener/edge-response.ts";
import { edgeProblems } from "./problems.ts";
import type { RouteTable, Upstream } from "./routes.ts";
import { createAdmitAddress } from "./stages/admit-address.ts";
import { setCorsHeaders } from "./stages/allow-origin.ts";
import { answerRefusal } from "./stages/answer-refusal.ts";
import { authenticate } from "./stages/authenticate.ts";
import { authorise } from "./stages/authorise.ts";
import { findClient, type TrustedProxies } from "./stages/client-address.ts";
import { forward } from "./stages/forward.ts";
import { limitRate, setRateLimitHeaders } from "./stages/limit-rate.ts";
import { readBody } from "./stages/read-body.ts";
import { createRecord } from "./stages/record.ts";
import { refuseLoop } from "./stages/refuse-loop.ts";
import { routeRequest } from "./stages/route-request.ts";
import { screenAnswer, screenHeaders } from "./stages/screen-headers.ts";
import { addSecurityHeaders, setSecurityHeaders } from "./stages/secure-headers.ts";
import { createValidateRequest } from "./stages/validate-request.ts";
import {
  isHeard,
  noteAnswer,
  noteUnreadable,
  refuseBlockedAddress,
  refuseBlockedPair,
} from "./stages/watch-threats.ts";
import type { Threats } from "./threats/threats.ts";
import type { UpstreamClient } from "./upstream/upstream-client.ts";
import type { UpstreamAnswer, UpstreamFailure } from "./upstream/upstream-job.ts";
import type { ServiceDocuments } from "./validation/service-documents.ts";

/** Answers a route by itself, for what is not simply one upstream's answer. */
export type Answer = (exchange: Exchange) => Promise<Response> | Response;

export interface PipelineOptions {
  /** Read once for each request, which keeps to what it finds there. */
  readonly snapshots: CurrentSnapshot;
  /** Left out: no API key is taken. */
  readonly apiKeys?: ApiKeys | undefined;
  /** What this gateway is called in `Via`. */
  readonly pseudonym: string;
  readonly trusted: TrustedProxies;
  readonly limiter: LeasedLimiter;
  readonly upstreams: UpstreamClient;
  readonly documents: ServiceDocuments;
  readonly threats: Threats;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
}

/** What the listener calls. */
export interface Pipeline {
  /** Answers the request, whatever happens. */
  serve(request: EdgeRequest): void;
  /** The answer to what could not be read as a request. @param method as far as that could be */
  refuse(problem: Problem, remoteAddress: string, method?: string): EdgeResponse;
}

/** Stands for a request of which nothing is known. */
const unread = { protocol: "http", route: undefined, method: "" } as const;

type Outcome = EdgeResponse | Response | Problem;

/** Nginx's word for a client that did not wait; nobody ever reads it but the access log. */
const clientClosedRequest: Problem = { status: 499, code: "client-closed-request", title: "Nobody waits" };

/** Everything between a client and a service, in the order in which it happens. See `README.md` for the picture. */
export function createPipeline(options: PipelineOptions): Pipeline {
  const { snapshots, apiKeys, pseudonym, trusted, limiter, upstreams, threats, documents } = options;
  const { log, metrics, tracing } = options;
  const record = createRecord({ log, metrics, tracing });
  const admitAddress = createAdmitAddress({ log, metrics });
  const validateRequest = createValidateRequest({ documents, metrics });
  const upstreamErrors = metrics.counter("gateway_upstream_errors_total", "Calls without an answer", [
    "upstream",
    "reason",
  ]);
  const unreadable = metrics.counter("gateway_unreadable_requests_total", "What was no request", ["code"]);

  async function answer(exchange: Exchange, snapshot: Snapshot): Promise<Outcome> {
    const { table, verifier, answers, keepsOut } = snapshot;
    const keptOut = admitAddress(exchange, keepsOut);
    if (keptOut) return keptOut;
    screenHeaders(exchange);
    const outside = routeRequest(exchange, table);
    const blocked = refuseBlockedAddress(exchange, threats);
    if (blocked && !isHeard(exchange, threats, { verifier, apiKeys })) return blocked;
    const { route } = exchange;
    if (outside || !route) return outside ?? edgeProblems.routeNotFound();
    const comesRound = refuseLoop(exchange, pseudonym);
    if (comesRound) return comesRound;

    // Awaiting costs a turn of the queue even where there is nothing to wait for, which is nearly always.
    const known = authenticate(exchange, route, verifier, apiKeys);
    const unauthenticated = known instanceof Promise ? await known : known;
    if (blocked && !exchange.caller) return blocked;
    // A refused token counts against the client's address: guessing must not be free.
    const decided = limitRate(exchange, route, limiter);
    const limited = decided instanceof Promise ? await decided : decided;
    const refusal = limited ?? unauthenticated ?? authorise(exchange, route);
    if (refusal) return refusal;

    const read = readBody(exchange, route);
    const unread = read instanceof Promise ? await read : read;
    const unfit = unread ?? refuseBlockedPair(exchange, route, threats) ?? validateRequest(exchange, route);
    if (unfit) return unfit;
    if (route.target.kind === "answer") return answers[route.target.answer](exchange);
    const { upstream } = route.target;
    return passOn(
      upstream,
      await forward(exchange, upstream, { timeoutMs: route.timeoutMs, upstreams, pseudonym }),
    );
  }

  function passOn(upstream: Upstream, outcome: UpstreamAnswer | UpstreamFailure): EdgeResponse | Problem {
    if (typeof outcome !== "string") return withoutHopHeaders(outcome);
    upstreamErrors.inc({ upstream: upstream.name, reason: outcome });
    if (outcome === "client-gone") return clientClosedRequest;
    return outcome === "timeout"
      ? edgeProblems.upstreamTimeout(upstream.name)
      : edgeProblems.upstreamUnavailable(upstream.name);
  }

  async function run(exchange: Exchange, snapshot: Snapshot): Promise<void> {
    let outcome: Outcome;
    try {
      outcome = await answer(exchange, snapshot);
    } catch (error) {
      log.error({ err: error, trace_id: exchange.context.traceId }, "request failed");
      outcome = problems.internal();
    }
    const response = await responseOf(exchange, outcome);
    noteAnswer(exchange, response.status, "code" in outcome ? outcome.code : undefined, threats, trusted);
    finish(exchange, snapshot.table, response.fields);
    exchange.request.respond(response);
    record(exchange, exchange.request.gone ? clientClosedRequest.status : response.status);
  }

  return {
    serve(request) {
      const exchange = new Exchange(request, performance.now(), tracing);
      findClient(exchange, trusted);
      // `run` catches what its stages throw; what else could, such as a log that cannot be written, ends up here.
      run(exchange, snapshots.current).catch((error: unknown) => {
        log.error({ err: error }, "request failed");
        request.respond(problemAnswer(problems.internal(), exchange.path));
      });
    },
    refuse(problem, remoteAddress, method) {
      const { traceId } = newContext();
      unreadable.inc({ code: problem.code });
      noteUnreadable(problem, remoteAddress, threats, trusted);
      // Nothing that was sent but one of HTTP's own words: what cannot be read may be anything.
      const { code, status, title, detail = title } = problem;
      log.info(
        {
          trace_id: traceId,
          ...(method && { method }),
          code,
          status,
          reason: detail,
          address: remoteAddress,
        },
        "unreadable",
      );
      const response = problemAnswer(problem, "/", traceId);
      response.fields.append(correlationHeader, traceId);
      setSecurityHeaders(unread, response.fields);
      return response;
    },
  };
}

function responseOf(exchange: Exchange, outcome: Outcome): EdgeResponse | Promise<EdgeResponse> {
  if (outcome instanceof Response) return fromWebResponse(outcome);
  if ("fields" in outcome) return outcome;
  return answerRefusal(exchange, outcome);
}

/** The upstream's answer: its body untouched, its fields those that are not about the connection to it. */
function withoutHopHeaders({ status, fields, body }: UpstreamAnswer): EdgeResponse {
  screenAnswer(fields);
  // Without content it is the upstream's word how long it would be: of HEAD, and of 304.
  return { status, fields, body: body.whole?.length === 0 ? undefined : (body.whole ?? body) };
}

function finish(exchange: Exchange, table: RouteTable, fields: Fields): void {
  fields.set(correlationHeader, exchange.context.correlationId);
  setRateLimitHeaders(exchange, fields);
  setCorsHeaders(exchange, table, fields);
  addSecurityHeaders(exchange, fields);
}
