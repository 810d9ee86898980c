import { readBearer } from "#mesh/identity/bearer-token";
import { malformedToken, tokenProblem } from "#mesh/identity/token-problem";
import { TokenRefused } from "#mesh/identity/token-refused";
import type { VerifiedToken } from "#mesh/identity/verified-token";
import type { TokenVerifier } from "#mesh/identity/verify-token";
import { type Problem, problems } from "#mesh/problem";
import type { ApiKeys, KeyOutcome } from "../api-keys/api-keys.ts";
import type { Exchange } from "../exchange.ts";
import { edgeProblems } from "../problems.ts";
import type { Route } from "../routes.ts";

export const apiKeyHeader = "x-api-key";

/** RFC 6750 §2.3 lets a token be sent so; it then stands in logs and histories, and is not taken. */
const tokenInQuery = /[?&]access_token=/i;

const prefix = "Bearer ";

type Refusal = Problem | undefined;

/**
 * Finds out who calls. No credential leaves the caller unknown, which a public route allows; one that is sent and is
 * not good is refused on public routes too, so that a client learns of it where it happens and not three calls later.
 * Answers at once, without a promise, where the token or key has been seen before.
 * @param apiKeys left out: no route takes them
 */
export function authenticate(
  exchange: Exchange,
  route: Route,
  verifier: TokenVerifier,
  apiKeys?: ApiKeys,
): Refusal | Promise<Refusal> {
  if (route.ignoreToken) return undefined;
  const { fields } = exchange;
  const authorization = fields.get("authorization");
  const key = fields.get(apiKeyHeader);
  if (exchange.query !== "" && tokenInQuery.test(exchange.query))
    return malformedToken("Send the token in the Authorization header, not in the URI");
  if (authorization === null) return key === null ? undefined : byKey(exchange, route, key, apiKeys);
  if (key !== null) return malformedToken("Send either a token or an API key");
  // One that is remembered has the form of a token: most requests end here.
  const sent = authorization.startsWith(prefix) ? authorization.slice(prefix.length) : "";
  const known = verifier.recall(sent);
  if (known && route.auth.accept.includes("token")) {
    exchange.token = sent;
    return admit(exchange, route, known);
  }
  const read = readBearer(authorization);
  if (read === "malformed") return malformedToken("The Authorization header is no bearer token");
  if (read === "none") return edgeProblems.missingToken();
  return byToken(exchange, route, read.token, verifier);
}

function byToken(
  exchange: Exchange,
  route: Route,
  token: string,
  verifier: TokenVerifier,
): Refusal | Promise<Refusal> {
  if (!route.auth.accept.includes("token")) return edgeProblems.tokenNotTaken();
  exchange.token = token;
  const checked = verifier.recall(token) ?? verifier.check(token);
  return checked instanceof Promise
    ? checked.then((outcome) => admit(exchange, route, outcome))
    : admit(exchange, route, checked);
}

function admit(exchange: Exchange, { auth }: Route, outcome: VerifiedToken | TokenRefused): Refusal {
  if (outcome instanceof TokenRefused) return tokenProblem(outcome);
  if (auth.issuers.length > 0 && !auth.issuers.includes(outcome.issuerName))
    return edgeProblems.badToken("The token's issuer is not accepted here");
  exchange.caller = outcome;
  exchange.context.userId = outcome.subject;
  return undefined;
}

function byKey(
  exchange: Exchange,
  route: Route,
  key: string,
  apiKeys: ApiKeys | undefined,
): Refusal | Promise<Refusal> {
  if (!apiKeys || !route.auth.accept.includes("api-key")) return edgeProblems.keyNotTaken();
  const outcome = apiKeys.tokenFor(key);
  return outcome instanceof Promise
    ? outcome.then((found) => admitKey(exchange, route, found))
    : admitKey(exchange, route, outcome);
}

function admitKey(exchange: Exchange, route: Route, outcome: KeyOutcome): Refusal {
  if (outcome === "refused") return edgeProblems.badKey();
  if (outcome === "unavailable") return problems.unavailable("The issuer of API keys");
  exchange.token = outcome.token;
  exchange.byApiKey = true;
  return admit(exchange, route, outcome.caller);
}
