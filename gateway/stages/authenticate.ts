import { tokenProblem } from "#mesh/identity/identity";
import { TokenRefused, type TokenVerifier, type VerifiedToken } from "#mesh/identity/verify-token";
import type { Problem } from "#mesh/problem";
import type { Exchange } from "../exchange.ts";
import { edgeProblems } from "../problems.ts";
import type { Route } from "../routes.ts";

const bearer = /^Bearer ([\w.~+/-]+=*)$/i;

/**
 * Finds out who calls. No token leaves the caller unknown, which a public route allows; a token that is sent and is
 * not good is refused on public routes too, so that a client learns of it where it happens and not three calls later.
 * Answers at once, without a promise, where the token has been verified before.
 */
export function authenticate(
  exchange: Exchange,
  route: Route,
  verifier: TokenVerifier,
): Problem | undefined | Promise<Problem | undefined> {
  if (route.ignoreToken) return undefined;
  const header = exchange.request.headers.get("authorization");
  if (header === null) return undefined;
  const token = bearer.exec(header)?.[1];
  if (token === undefined) return edgeProblems.badToken("The Authorization header is no bearer token");
  exchange.token = token;
  const known = verifier.recall(token);
  if (!known) return verify(exchange, token, verifier);
  accept(exchange, known);
  return undefined;
}

async function verify(
  exchange: Exchange,
  token: string,
  verifier: TokenVerifier,
): Promise<Problem | undefined> {
  try {
    accept(exchange, await verifier.verify(token));
    return undefined;
  } catch (error) {
    if (error instanceof TokenRefused) return tokenProblem(error);
    throw error;
  }
}

function accept(exchange: Exchange, caller: VerifiedToken): void {
  exchange.caller = caller;
  exchange.context.userId = caller.subject;
}
