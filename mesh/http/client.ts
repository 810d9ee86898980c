import {
  BrokenCircuitError,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleAll,
  noJitterGenerator,
} from "cockatiel";
import { currentContext, deadlineHeader, traceHeaders } from "#observability/context";
import type { Log } from "#observability/log";
import { type Metrics, observeWork } from "#observability/metrics";
import type { ServiceName } from "../identity/service-name.ts";
import type { ServiceTokens } from "../identity/service-tokens.ts";
import { beginCallSpan } from "./call-span.ts";
import { createRetryBudget } from "./retry-budget.ts";

export type UpstreamFailure = "timeout" | "connection" | "open" | "status" | "malformed";

/** No usable answer. `sent` says whether the other side may have acted: if so, the outcome is unknown. */
export class UpstreamUnavailable extends Error {
  override readonly name = "UpstreamUnavailable";
  constructor(
    readonly service: string,
    readonly reason: UpstreamFailure,
    readonly sent: boolean,
    options?: ErrorOptions,
  ) {
    super(`${service} gave no answer: ${reason}`, options);
  }
}

export interface Call {
  readonly method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  /** The path's template, for the metrics. */
  readonly route: string;
  readonly body?: unknown;
  /** Whether it may be repeated; by default what RFC 9110 §9.2.2 says of the method. */
  readonly idempotent?: boolean;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/** Any answer below 500. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface ServiceClient {
  /** @throws UpstreamUnavailable */
  call(call: Call): Promise<Answer>;
}

export interface ClientOptions {
  readonly caller: ServiceName;
  readonly service: ServiceName;
  readonly baseUrl: string;
  readonly tokens: ServiceTokens;
  /** For one attempt, in milliseconds. */
  readonly deadlineMs?: number;
  /** Further attempts at an idempotent call. */
  readonly retries?: number;
  /** Opens after so many failures in a row; tries again soon, then less and less often, at least every `openMs`. */
  readonly breaker?: { readonly failures: number; readonly openMs: number };
  readonly metrics: Metrics;
  readonly log: Log;
}

const breakerStates = [
  [CircuitState.Closed, "closed"],
  [CircuitState.Open, "open"],
  [CircuitState.HalfOpen, "half-open"],
] as const;
const idempotentMethods = ["GET", "PUT", "DELETE"];
const firstProbeMs = 500;
const firstBackoffMs = 50;
const longestBackoffMs = 1000;

/** JSON calls to one service: deadline, retry with jitter and a budget, breaker; identity and trace go along. */
export function createClient(options: ClientOptions): ServiceClient {
  const {
    service,
    baseUrl,
    tokens,
    metrics,
    log,
    retries = 2,
    breaker = { failures: 5, openMs: 30_000 },
  } = options;
  const duration = metrics.histogram(
    "http_client_request_duration_seconds",
    "Time until another service answered",
    ["server", "route", "outcome"],
  );
  const budget = createRetryBudget();
  const circuit = circuitBreaker(handleAll, {
    // A process that restarts is away for less than a second, a broken one for longer: look soon, then ever less often.
    halfOpenAfter: new ExponentialBackoff({
      initialDelay: Math.min(firstProbeMs, breaker.openMs),
      maxDelay: breaker.openMs,
      generator: noJitterGenerator,
    }),
    breaker: new ConsecutiveBreaker(breaker.failures),
  });
  const stateOf = metrics.gauge("circuit_breaker_state", "1 for the state that the breaker is in", [
    "server",
    "state",
  ]);
  const tellState = (now: CircuitState) => {
    for (const [state, name] of breakerStates)
      stateOf.set({ server: service, state: name }, now === state ? 1 : 0);
  };
  tellState(circuit.state);
  circuit.onStateChange((state) => {
    tellState(state);
    log.warn({ server: service, state: CircuitState[state] }, "breaker changed");
  });

  async function attempt(call: Call, resends: number): Promise<Answer> {
    const started = performance.now();
    let outcome = "failed";
    try {
      const answer = await circuit.execute(() => send(call, resends));
      outcome = String(answer.status);
      return answer;
    } catch (error) {
      if (error instanceof UpstreamUnavailable) throw error;
      if (error instanceof BrokenCircuitError) throw new UpstreamUnavailable(service, "open", false);
      throw error;
    } finally {
      const seconds = (performance.now() - started) / 1000;
      observeWork(duration, { server: service, route: call.route, outcome }, seconds);
    }
  }

  async function send(
    { method, path, route, body, deadlineMs, signal }: Call,
    resends: number,
  ): Promise<Answer> {
    const context = currentContext();
    const ownMs = deadlineMs ?? options.deadlineMs ?? 2000;
    const leftMs = context?.deadline ? Math.min(ownMs, Math.max(1, context.deadline - Date.now())) : ownMs;
    const span = beginCallSpan(context, { method, baseUrl, template: route, peer: service, resends });
    const headers: Record<string, string> = {
      authorization: `Bearer ${await tokens.for(service)}`,
      [deadlineHeader]: String(Math.ceil(leftMs)),
      ...(context && traceHeaders(context, span?.spanId)),
      ...(body !== undefined && { "content-type": "application/json" }),
    };
    const timeout = AbortSignal.timeout(leftMs);
    try {
      const response = await fetch(baseUrl + path, {
        method,
        headers,
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        redirect: "error",
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const answer = await readAnswer(service, response);
      span?.answered(answer.status);
      return answer;
    } catch (error) {
      span?.failed(reasonOf(error));
      throw error instanceof UpstreamUnavailable ? error : failureOf(service, error);
    }
  }

  return {
    async call(call) {
      const repeatable = call.idempotent ?? idempotentMethods.includes(call.method);
      budget.deposit();
      for (let tried = 0; ; tried += 1) {
        try {
          return await attempt(call, tried);
        } catch (error) {
          if (!(error instanceof UpstreamUnavailable) || call.signal?.aborted) throw error;
          const mayRepeat =
            (repeatable || !error.sent) && error.reason !== "open" && error.reason !== "malformed";
          if (!mayRepeat || tried >= retries || deadlinePassed() || !budget.withdraw()) throw error;
          await backoff(tried);
        }
      }
    },
  };
}

const deadlinePassed = (): boolean => {
  const deadline = currentContext()?.deadline;
  return deadline !== undefined && deadline <= Date.now();
};

/** Full jitter: anything from nothing to the doubled wait, so that callers do not come back all at once. */
function backoff(tried: number): Promise<void> {
  const longest = Math.min(firstBackoffMs * 2 ** tried, longestBackoffMs);
  return new Promise((resolve) => setTimeout(resolve, Math.random() * longest));
}

async function readAnswer(service: string, response: Response): Promise<Answer> {
  const text = await response.text();
  if (response.status >= 500) {
    throw new UpstreamUnavailable(service, "status", true, { cause: new Error(`HTTP ${response.status}`) });
  }
  if (text === "") return { status: response.status, body: undefined };
  try {
    return { status: response.status, body: JSON.parse(text) as unknown };
  } catch (cause) {
    throw new UpstreamUnavailable(service, "malformed", true, { cause });
  }
}

/** For `error.type`: how the answer was no answer, or what kept it away. */
const reasonOf = (error: unknown): unknown =>
  error instanceof UpstreamUnavailable ? { code: error.reason } : error;

function failureOf(service: string, error: unknown): UpstreamUnavailable {
  const { name, code } = error as { name?: string; code?: string };
  if (name === "TimeoutError" || name === "AbortError") {
    return new UpstreamUnavailable(service, "timeout", true, { cause: error });
  }
  // Only a connection that was refused proves that nothing was sent.
  const refused = code === "ConnectionRefused" || code === "ECONNREFUSED";
  return new UpstreamUnavailable(service, "connection", !refused, { cause: error });
}
