import { malformedToken } from "#mesh/identity/token-problem";
import { oauthRefusal } from "#mesh/oauth-refusal";
import { type Problem, problems } from "#mesh/problem";
import { maxHeadBytes, messageProblems } from "../http/message-problems.ts";
import { edgeProblems } from "../problems.ts";
import type { Route } from "../routes.ts";
import type { GatewayFile } from "./gateway-file.ts";
import { sourcesOf } from "./gateway-file-names.ts";

/** What a client is told, and when. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly when: string;
}

export const refusalOf = ({ status, code, title, detail }: Problem, when = detail ?? title): Refusal => ({
  status,
  code,
  when,
});

/** What is refused before a route is looked for, in the order of the listener and the first stages. */
export function refusalsBeforeRoute({ connections, addresses, threats }: GatewayFile): Refusal[] {
  const { headersTimeoutMs, perAddress, total } = connections;
  const lists = addresses.allow.length + addresses.deny.length;
  return [
    refusalOf(messageProblems.full(), `more than ${total} connections`),
    refusalOf(messageProblems.tooManyConnections(), `more than ${perAddress} connections of one address`),
    refusalOf(messageProblems.tooSlow(), `a head that is not whole after ${headersTimeoutMs} ms`),
    refusalOf(messageProblems.headTooLarge(), `a head of more than ${maxHeadBytes} bytes or 100 fields`),
    refusalOf(messageProblems.badRequestLine(), "a head that two parsers could read differently"),
    refusalOf(messageProblems.version(), "another version than HTTP/1"),
    refusalOf(messageProblems.unknownCoding(), "a body sent in another coding than chunked"),
    refusalOf(messageProblems.unknownExpectation(), "an expectation other than 100-continue"),
    ...(lists > 0
      ? [refusalOf(edgeProblems.addressRefused(), "an address that `addresses` does not let in")]
      : []),
    ...(threats?.block ? [refusalOf(edgeProblems.blockedForAWhile(1), "an address that kept failing")] : []),
  ];
}

/** What a route refuses, in the order of the stages behind it. */
export function refusalsOfRoute(route: Route, file: GatewayFile, method: string): Refusal[] {
  const refusals = refusalsInStages(route, file, method);
  return route.refusals === "oauth" ? refusals.map(asOAuth) : refusals;
}

/** As `answerRefusal` tells it. */
function asOAuth({ status, code, when }: Refusal): Refusal {
  const told = oauthRefusal({ status, code, title: "" });
  return { status: told.status, code: told.body.error, when };
}

function refusalsInStages(route: Route, file: GatewayFile, method: string): Refusal[] {
  if (method === "OPTIONS") return refusedOrigins(route, "a page");
  return [
    ...refusedOrigins(route, "before the call, the preflight of a page"),
    refusalOf(edgeProblems.loopDetected(), "a request whose Via names this gateway: it has come round"),
    // Whoever is over a limit learns that first, whatever the credential is worth.
    ...route.limits.map(({ name }) =>
      refusalOf(edgeProblems.quotaExceeded([name], 1), `more than the limit ${name} allows`),
    ),
    ...refusedCredentials(route),
    ...refusedCallers(route),
    ...(method === "GET" || method === "HEAD" ? [] : refusedBodies(route, file)),
    ...(file.threats?.block
      ? [refusalOf(edgeProblems.blockedForAWhile(1), "an account that kept failing from this address")]
      : []),
    ...(route.validate ? refusedInput(method) : []),
    ...upstreamsOf(route).flatMap((name) => [
      refusalOf(edgeProblems.upstreamUnavailable(name), `${name} cannot be reached`),
      refusalOf(edgeProblems.upstreamTimeout(name), `no answer of ${name} in time`),
    ]),
    refusalOf(problems.internal(), "a mistake of the gateway itself"),
  ];
}

const refusedOrigins = ({ cors }: Route, who: string): Refusal[] => [
  refusalOf(
    edgeProblems.originRefused(),
    cors ? `${who} of another origin than those of ${cors.name}` : `${who} of any origin`,
  ),
];

function refusedCredentials({ auth, ignoreToken }: Route): Refusal[] {
  if (ignoreToken) return [];
  const keys = auth.accept.includes("api-key");
  const tokens = auth.accept.includes("token");
  const refusals = [
    refusalOf(
      malformedToken(""),
      "a token in the URI, two credentials, or an Authorization header that is none",
    ),
    refusalOf(edgeProblems.missingToken(), "another scheme than Bearer"),
  ];
  if (!keys) refusals.push(refusalOf(edgeProblems.keyNotTaken(), "an API key: none is taken here"));
  if (!tokens) refusals.push(refusalOf(edgeProblems.tokenNotTaken(), "a bearer token: none is taken here"));
  if (tokens)
    refusals.push(
      refusalOf(edgeProblems.badToken(""), "a bearer token that is expired, revoked or not ours"),
      refusalOf(problems.unavailable(""), "a bearer token whose issuer's keys cannot be had"),
    );
  if (keys)
    refusals.push(
      refusalOf(edgeProblems.badKey(), "an API key that is expired, revoked or not ours"),
      refusalOf(problems.unavailable(""), "an API key that cannot be asked about"),
    );
  if (auth.issuers.length > 0)
    refusals.push(
      refusalOf(edgeProblems.badToken(""), `a token of another issuer than ${auth.issuers.join(", ")}`),
    );
  return refusals;
}

function refusedCallers({ auth }: Route): Refusal[] {
  const { anonymous, roles, scopes, accept } = auth;
  const credential = accept.map((kind) => (kind === "token" ? "bearer token" : "API key")).join(" or ");
  const role = roles.join(" or ");
  const scope = scopes.join(" and ");
  return [
    ...(anonymous ? [] : [refusalOf(edgeProblems.missingToken(), `no ${credential}`)]),
    ...(role ? [refusalOf(edgeProblems.missingRole(role), `a caller without the role ${role}`)] : []),
    ...(scope ? [refusalOf(problems.insufficientScope(scope), `a caller without the scope ${scope}`)] : []),
  ];
}

function refusedBodies({ bodyBytes, contentTypes }: Route, { connections }: GatewayFile): Refusal[] {
  return [
    ...(contentTypes.length > 0
      ? [
          refusalOf(
            problems.unsupportedMediaType(contentTypes),
            `a body that is not ${contentTypes.join(" or ")}`,
          ),
        ]
      : []),
    refusalOf(edgeProblems.codedBody(), "a body with a Content-Encoding"),
    refusalOf(problems.tooLarge(bodyBytes), `a body of more than ${bodyBytes} bytes`),
    refusalOf(messageProblems.badChunk(), "a body that breaks off or is not framed as it says"),
    refusalOf(messageProblems.tooSlow(), `a body that is not whole after ${connections.bodyTimeoutMs} ms`),
  ];
}

function refusedInput(method: string): Refusal[] {
  const described = "what the upstream's OpenAPI document does not describe";
  const input = refusalOf(problems.validation([]), described);
  if (method === "GET" || method === "HEAD") return [input];
  return [refusalOf(problems.malformed(""), "a body that is no JSON, or means two things"), input];
}

const upstreamsOf = ({ target }: Route): readonly string[] =>
  target.kind === "upstream" ? [target.upstream.name] : sourcesOf(target).slice(0, 1);
