import { Buffer } from "node:buffer";
import type { Problem } from "#mesh/problem";
import type { RoutedRequest } from "../exchange.ts";
import { maxRequestLineBytes } from "../http/incomplete-head.ts";
import { maxHeadBytes, messageProblems } from "../http/message-problems.ts";
import { parseRequestHead, type RequestHead } from "../http/request-head.ts";
import type { Limit, Rate } from "../limits/limit.ts";
import { compileRoutes, type Route } from "../routes.ts";
import { routeRequest } from "../stages/route-request.ts";
import { type Refusal, refusalOf, refusalsBeforeRoute, refusalsOfRoute } from "./explain-refusals.ts";
import type { ReadFile } from "./gateway-file.ts";

/** A call to be explained, as a client would send it. */
export interface Call {
  readonly method: string;
  /** What stands in the request line. */
  readonly target: string;
  readonly host: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export interface Explanation {
  readonly call: { readonly method: string; readonly target: string; readonly host: string };
  /** Set where the call gets no further: what it is answered with. */
  readonly refused?: Refusal & { readonly allow?: string };
  /** Set for OPTIONS: what the path takes, or a preflight's page may do. */
  readonly allow?: string;
  readonly route?: ExplainedRoute;
  /** What else may become of it, in the order in which it is looked at. */
  readonly refusals: readonly Refusal[];
}

export interface ExplainedRoute {
  readonly path: string;
  readonly place: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
  readonly goesTo: string;
  readonly who: Route["auth"] & { readonly ignoreToken: boolean };
  readonly limits: readonly ExplainedLimit[];
  readonly cost: number;
  readonly timeoutMs: number;
  readonly body: {
    readonly bytes: number;
    readonly contentTypes: readonly string[];
    readonly validated: boolean;
  };
  readonly cors?: {
    readonly policy: string;
    readonly origins: readonly string[];
    readonly credentials: boolean;
    readonly maxAgeSeconds: number;
  };
}

export interface ExplainedLimit {
  readonly name: string;
  readonly by: readonly string[];
  readonly rate: Rate;
  readonly tiers: Readonly<Record<string, Rate>>;
  readonly exempt: readonly string[];
}

/** Tells what would become of a call, found by the very code that serves it. */
export function explainCall(name: string, { file, placeOf }: ReadFile, call: Call): Explanation {
  const { method, target, host } = call;
  const about = { call: { method, target, host } };
  const before = refusalsBeforeRoute(file);
  const head = readHead(call);
  if ("code" in head) return { ...about, refused: refusedWith(head), refusals: [] };
  const table = compileRoutes(file);
  const { fields } = head;
  const request: RoutedRequest = {
    request: { head },
    method: head.method,
    fields,
    path: "/",
    query: "",
    host: "",
    context: {},
    route: undefined,
    values: [],
  };
  const answer = routeRequest(request, table);
  const { route } = request;
  const refusals = route ? [...before, ...refusalsOfRoute(route, file, method)] : before;
  const place = route && placeOf(["routes", table.routes.indexOf(route)]);
  return {
    ...about,
    ...(answer && outcomeOf(answer)),
    ...(route && {
      route: explainRoute(route, {
        place: place ? `${name}:${place.line}:${place.column}` : name,
        goesTo: goesTo(route, request.path + request.query),
        values: request.values,
      }),
    }),
    refusals,
  };
}

/** Reads the call as the listener does, in the bytes that a client would send. */
function readHead({ method, target, host, headers }: Call): RequestHead | Problem {
  const fields = [["host", host], ...headers].map(([name, value]) => `${name}: ${value}`);
  const text = [`${method} ${target} HTTP/1.1`, ...fields].join("\r\n");
  const bytes = Buffer.from(text);
  if (bytes.length > maxHeadBytes) return messageProblems.headTooLarge();
  const head = parseRequestHead(bytes.toString("latin1"));
  return "code" in head || head.target.length <= maxRequestLineBytes
    ? head
    : messageProblems.uriTooLong(maxRequestLineBytes);
}

function outcomeOf(answer: Response | Problem): Pick<Explanation, "refused" | "allow"> {
  if (!(answer instanceof Response)) return { refused: refusedWith(answer) };
  const { headers } = answer;
  return { allow: headers.get("allow") ?? headers.get("access-control-allow-methods") ?? "" };
}

const refusedWith = (problem: Problem): Refusal & { readonly allow?: string } => ({
  ...refusalOf(problem),
  ...(problem.headers?.allow && { allow: problem.headers.allow }),
});

const goesTo = ({ target }: Route, asked: string): string =>
  target.kind === "upstream"
    ? `${target.upstream.name}, ${target.upstream.url}${asked}`
    : `${target.answer}, answered by the gateway`;

interface Found {
  readonly place: string;
  readonly goesTo: string;
  readonly values: readonly string[];
}

function explainRoute(route: Route, { values, ...found }: Found): ExplainedRoute {
  const { cors, contentTypes, validate, bodyBytes } = route;
  return {
    ...found,
    path: route.template,
    host: route.host,
    headers: Object.fromEntries(route.headers.map(({ name, value }) => [name, value])),
    parameters: Object.fromEntries(values.map((value, at) => [route.parameters[at] ?? "", value])),
    who: { ...route.auth, ignoreToken: route.ignoreToken },
    limits: route.limits.map(explainLimit),
    cost: route.cost,
    timeoutMs: route.timeoutMs,
    body: { bytes: bodyBytes, contentTypes, validated: validate },
    ...(cors && {
      cors: {
        policy: cors.name,
        origins: [...cors.origins],
        credentials: cors.credentials,
        maxAgeSeconds: cors.maxAgeSeconds,
      },
    }),
  };
}

const explainLimit = ({ name, by, rate, tiers, exempt }: Limit): ExplainedLimit => ({
  name,
  by,
  rate,
  tiers: Object.fromEntries(tiers),
  exempt,
});
