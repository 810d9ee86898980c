import type { Limit, Rate } from "../limits/limit.ts";
import { edgeProblems } from "../problems.ts";
import { compileRoutes, type Route, type RouteTable } from "../routes.ts";
import { problemOfPath } from "../stages/read-target.ts";
import { explainRefusals, type Refusal, refusalOf } from "./explain-refusals.ts";
import type { ReadFile } from "./gateway-file.ts";

/** A call to be explained, as a client would send it. */
export interface Call {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly host: string;
  readonly headers: Headers;
}

export interface Explanation {
  readonly call: { readonly method: string; readonly target: string; readonly host: string };
  /** Set where no route takes the call: what it is answered with. */
  readonly refused?: Refusal & { readonly allow?: string };
  /** Set for OPTIONS: what the path takes. */
  readonly allow?: string;
  readonly route?: ExplainedRoute;
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
  readonly refusals: readonly Refusal[];
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
  const { method, target, host, headers } = call;
  const path = target.split("?", 1)[0] ?? "";
  const about = { call: { method, target, host } };
  const unread = problemOfPath(path);
  if (unread) return { ...about, refused: refusalOf(unread) };
  const table = compileRoutes(file);
  const values: string[] = [];
  const route = findRoute(table, call, path, values);
  const allow = table.allowed(host, path, headers);
  if (!route) {
    if (allow === "") return { ...about, refused: refusalOf(edgeProblems.routeNotFound()) };
    if (method === "OPTIONS" && !headers.has("access-control-request-method")) return { ...about, allow };
    return { ...about, refused: { ...refusalOf(edgeProblems.methodNotAllowed(allow)), allow } };
  }
  const place = placeOf(["routes", table.routes.indexOf(route)]);
  return {
    ...about,
    ...(method === "OPTIONS" && { allow }),
    route: explainRoute(route, {
      place: place ? `${name}:${place.line}:${place.column}` : name,
      goesTo: goesTo(route, target),
      values,
      refusals: explainRefusals(route, file, method),
    }),
  };
}

function findRoute(table: RouteTable, call: Call, path: string, values: string[]): Route | undefined {
  const { method, host, headers } = call;
  if (method !== "OPTIONS") return table.find(host, method, path, headers, values);
  const announced = headers.get("access-control-request-method");
  return announced === null ? undefined : table.findAnnounced(host, announced, path, headers);
}

const goesTo = ({ target }: Route, asked: string): string =>
  target.kind === "upstream"
    ? `${target.upstream.name}, ${target.upstream.url}${asked}`
    : `${target.answer}, answered by the gateway`;

interface Found {
  readonly place: string;
  readonly goesTo: string;
  readonly values: readonly string[];
  readonly refusals: readonly Refusal[];
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
