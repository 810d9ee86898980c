import type { Rate } from "../limits/limit.ts";
import type { ExplainedLimit, ExplainedRoute, Explanation } from "./explain.ts";
import type { Refusal } from "./explain-refusals.ts";

/** An explanation as a person reads it, a line each. */
export function explainText({ call, refused, allow, route, refusals }: Explanation): string[] {
  const lines = [`${call.method} ${call.target} (${call.host})`, ""];
  if (refused) lines.push(...line("answer", `${refused.status} ${refused.code}: ${refused.when}`));
  if (allow !== undefined) lines.push(...line("answer", "204, by the gateway"), ...line("allow", allow));
  if (route) lines.push(...(call.method === "OPTIONS" ? preflight(route) : describe(route)));
  if (refusals.length > 0) lines.push(...line("refused", ...refusalLines(refusals)));
  return lines;
}

const labelWidth = 10;
const line = (label: string, ...texts: string[]): string[] =>
  texts.map((text, at) => `${(at === 0 ? label : "").padEnd(labelWidth)}${text}`);

function describe(route: ExplainedRoute): string[] {
  const conditions = Object.entries(route.headers).map(([name, value]) => `${name}: ${value}`);
  const values = Object.entries(route.parameters).map(([name, value]) => `${name} = ${value}`);
  return [
    ...line("route", `${route.path}  ${route.place}`),
    ...(values.length > 0 ? line("", values.join(", ")) : []),
    ...(route.host ? line("host", route.host) : []),
    ...(conditions.length > 0 ? line("headers", ...conditions) : []),
    ...line("goes to", route.goesTo),
    ...line("who", ...who(route)),
    ...line("limits", ...(route.limits.length > 0 ? limits(route) : ["none"])),
    ...line("timeout", `${route.timeoutMs} ms until the answer begins`),
    ...line("body", body(route)),
    ...line("cors", cors(route)),
  ];
}

const preflight = (route: ExplainedRoute): string[] => [
  ...line("route", `${route.path}  ${route.place}`),
  ...line("cors", cors(route)),
];

function who({ who: auth }: ExplainedRoute): string[] {
  if (auth.ignoreToken) return ["anyone; a credential that is sent along is not looked at"];
  const kinds = auth.accept.map((kind) => (kind === "token" ? "a bearer token" : "an API key")).join(" or ");
  const from = auth.issuers.length > 0 ? ` of ${auth.issuers.join(" or ")}` : "";
  return [
    auth.anonymous ? `anyone, also with ${kinds}${from}` : `whoever has ${kinds}${from}`,
    ...(auth.roles.length > 0 ? [`with the role ${auth.roles.join(" or ")}`] : []),
    ...(auth.scopes.length > 0 ? [`with the scope ${auth.scopes.join(" and ")}`] : []),
  ];
}

function limits({ limits: all, cost }: ExplainedRoute): string[] {
  const lines = all.flatMap(limit);
  return cost === 1 ? lines : [...lines, `one request counts as ${cost}`];
}

function limit({ name, by, rate, tiers, exempt }: ExplainedLimit): string[] {
  const perTier = Object.entries(tiers).map(([tier, numbers]) => `  tier ${tier}: ${numbersOf(numbers)}`);
  const free = exempt.length > 0 ? [`  not counted: callers with the role ${exempt.join(" or ")}`] : [];
  return [`${name}: ${numbersOf(rate)}, by ${by.join(" and ")}`, ...perTier, ...free];
}

const numbersOf = (rate: Rate): string =>
  rate.kind === "quota"
    ? `${rate.requests} a ${rate.period} (UTC)`
    : `${rate.requests} in ${rate.perSeconds} s, ${rate.burst} at once`;

function body({ body: { bytes, contentTypes, validated } }: ExplainedRoute): string {
  const types = contentTypes.length > 0 ? `, ${contentTypes.join(" or ")}` : "";
  return `at most ${bytes} bytes${types}${validated ? ", checked against the OpenAPI document" : ""}`;
}

function cors({ cors: policy }: ExplainedRoute): string {
  if (!policy) return "none: no page of another origin may call";
  const { origins, credentials, maxAgeSeconds } = policy;
  const pages = origins.length > 0 ? origins.join(", ") : "no origin";
  return `${policy.policy}: ${pages}; cookies ${credentials ? "too" : "no"}; preflight kept ${maxAgeSeconds} s`;
}

function refusalLines(all: readonly Refusal[]): string[] {
  const width = Math.max(...all.map(({ code }) => code.length));
  return all.map(({ status, code, when }) => `${status} ${code.padEnd(width)}  ${when}`);
}
