import { containsCardNumber } from "#mesh/card-number";
import { parseStrictJson } from "#mesh/http/strict-json";
import { type Problem, ProblemError, problems } from "#mesh/problem";
import type { Metrics } from "#observability/metrics";
import type { Exchange } from "../exchange.ts";
import type { Route } from "../routes.ts";
import type { Mistakes, OperationCheck } from "../validation/operation-check.ts";
import type { ServiceDocuments } from "../validation/service-documents.ts";

export type ValidateRequest = (exchange: Exchange, route: Route) => Problem | undefined;

interface ValidateRequestOptions {
  readonly documents: Pick<ServiceDocuments, "checkOf" | "doubt">;
  readonly metrics: Metrics;
}

/** Above this only the first mistake of a body is looked for: somebody may want us to find a hundred thousand. */
const maxBytesForAll = 16_384;
const noBytes = new Uint8Array();

/**
 * Checks a request against what the service says of itself, and refuses what it would refuse, in its words. Where there is
 * nothing to check against, the request goes on to the service, which checks by itself.
 */
export function createValidateRequest({ documents, metrics }: ValidateRequestOptions): ValidateRequest {
  const unavailable = metrics.counter(
    "gateway_validation_unavailable_total",
    "Requests that went on unchecked, because nothing was there to check them against",
    ["upstream", "reason"],
  );
  return (exchange, route) => {
    if (!route.validate || route.target.kind !== "upstream") return undefined;
    const { upstream } = route.target;
    const check = documents.checkOf(route, upstream, exchange.method);
    if (typeof check === "string") {
      unavailable.inc({ upstream: upstream.name, reason: check });
      return undefined;
    }
    const problem = problemOf(exchange, check);
    if (problem?.code === "validation-failed") documents.doubt(upstream);
    return problem;
  };
}

/** In the order of the services: the body has to be readable before anything else is looked at. */
function problemOf(exchange: Exchange, check: OperationCheck): Problem | undefined {
  const { request, fields, query } = exchange;
  const bytes = request.body ?? noBytes;
  let body: unknown;
  try {
    if (check.body) body = parseStrictJson(bytes, fields.get("content-type"));
  } catch (error) {
    if (error instanceof ProblemError) return error.problem;
    throw error;
  }
  const given = query === "" ? undefined : readQuery(query, check.repeated);
  if (given && "pointer" in given) return problems.validation([given]);
  const mistakes =
    check.path?.(pathValues(exchange, check), true) ??
    check.query?.(given?.values ?? {}, true) ??
    (wantsBody(bytes, check) ? check.body?.(body, bytes.length <= maxBytesForAll) : undefined);
  if (!mistakes || mistakes.length === 0) return undefined;
  // A pointer would quote a name that is a card number. The service has a refusal of its own for that.
  return containsCardNumber(body) ? undefined : refusal(mistakes);
}

const refusal = (mistakes: Mistakes): Problem => problems.validation(mistakes);

const wantsBody = (bytes: Uint8Array, { bodyRequired }: OperationCheck): boolean =>
  bodyRequired || bytes.length > 0;

function pathValues({ values }: Exchange, { pathNames }: OperationCheck): Record<string, string> {
  return Object.fromEntries(pathNames.map((name, at) => [name, decodeURIComponent(values[at] ?? "")]));
}

/** A parameter that stands there twice has two meanings, unless it is a list. */
function readQuery(
  query: string,
  repeated: ReadonlySet<string>,
): { values: Record<string, string | string[]> } | Mistakes[number] {
  const values: Record<string, string | string[]> = Object.create(null) as Record<string, string>;
  for (const [name, value] of new URLSearchParams(query)) {
    const before = values[name];
    if (before === undefined) values[name] = value;
    else if (repeated.has(name)) values[name] = [before, value].flat();
    else return { pointer: `/${name}`, detail: "is given more than once" };
  }
  return { values };
}
