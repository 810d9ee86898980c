import { type Problem, problems } from "#mesh/problem";
import { edgeProblems } from "../problems.ts";
import type { Route } from "../routes.ts";
import type { GatewayFile } from "./gateway-file.ts";

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

/** What a route refuses, in the order in which it is looked at. */
export function explainRefusals(route: Route, file: GatewayFile, method: string): Refusal[] {
  const { addresses } = file;
  const refusals: Refusal[] = [];
  if (method === "OPTIONS") {
    const from = route.cors ? `a page that is none of ${route.cors.name}` : "a page of any origin";
    return [refusalOf(edgeProblems.originRefused(), from)];
  }
  if (addresses.allow.length > 0 || addresses.deny.length > 0) {
    refusals.push(refusalOf(edgeProblems.addressRefused(), "an address that `addresses` does not let in"));
  }
  refusals.push(...refusedCallers(route));
  for (const { name } of route.limits) {
    refusals.push(refusalOf(edgeProblems.quotaExceeded([name], 1), `more than the limit ${name} allows`));
  }
  if (method !== "GET" && method !== "HEAD") refusals.push(...refusedBodies(route));
  if (route.target.kind === "upstream") {
    const { name } = route.target.upstream;
    refusals.push(
      refusalOf(edgeProblems.upstreamUnavailable(name), `${name} cannot be reached`),
      refusalOf(edgeProblems.upstreamTimeout(name), `no answer of ${name} within ${route.timeoutMs} ms`),
    );
  }
  return refusals;
}

function refusedCallers({ auth, ignoreToken }: Route): Refusal[] {
  if (ignoreToken) return [];
  const taken = auth.accept.map((kind) => (kind === "token" ? "bearer token" : "API key")).join(" or ");
  const bad = auth.anonymous ? " (none is good too)" : "";
  const refusals = [
    refusalOf(edgeProblems.badToken(""), `a ${taken} that is expired, revoked or not ours${bad}`),
  ];
  if (!auth.anonymous) refusals.unshift(refusalOf(edgeProblems.missingToken(), `no ${taken}`));
  if (auth.issuers.length > 0)
    refusals.push(
      refusalOf(edgeProblems.badToken(""), `a token of another issuer than ${auth.issuers.join(", ")}`),
    );
  if (auth.roles.length > 0)
    refusals.push(refusalOf(problems.forbidden(""), `a caller without the role ${auth.roles.join(" or ")}`));
  if (auth.scopes.length > 0)
    refusals.push(
      refusalOf(problems.forbidden(""), `a caller without the scope ${auth.scopes.join(" and ")}`),
    );
  return refusals;
}

function refusedBodies({ bodyBytes, contentTypes, validate }: Route): Refusal[] {
  const refusals = [refusalOf(problems.tooLarge(bodyBytes), `a body of more than ${bodyBytes} bytes`)];
  if (contentTypes.length > 0) {
    refusals.push(
      refusalOf(problems.unsupportedMediaType(), `a body that is not ${contentTypes.join(" or ")}`),
    );
  }
  if (validate) {
    refusals.push(
      refusalOf(problems.validation([]), "what the upstream's OpenAPI document does not describe"),
    );
  }
  return refusals;
}
