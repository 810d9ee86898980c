import { ProblemError, problems } from "../problem.ts";
import { readBearer } from "./bearer-token.ts";
import type { Caller } from "./caller.ts";
import { type ServiceName, serviceNames } from "./service-name.ts";
import { malformedToken, tokenProblem } from "./token-problem.ts";
import { TokenRefused } from "./token-refused.ts";
import type { VerifiedToken } from "./verified-token.ts";
import type { TokenVerifier } from "./verify-token.ts";

/** Finds out who sends a request, by its bearer token alone; no plain header is ever believed. */
export interface Identity {
  /** @throws ProblemError 401 without a good token, 503 when the issuer's keys cannot be had */
  authenticate(request: Request): Promise<Caller>;
}

/**
 * @param users verifies the tokens of user-service
 * @param services verifies the tokens that services sign for this one
 */
export function createIdentity({
  users,
  services,
}: {
  users: TokenVerifier;
  services: TokenVerifier;
}): Identity {
  return {
    async authenticate(request) {
      const token = bearerToken(request.headers.get("authorization"));
      const known = users.recall(token);
      if (known) return userCaller(known, token);
      try {
        const knownService = services.recall(token);
        if (knownService) return serviceCaller(knownService);
        return looksLikeService(token)
          ? serviceCaller(await services.verify(token))
          : userCaller(await users.verify(token), token);
      } catch (error) {
        throw error instanceof TokenRefused ? new ProblemError(tokenProblem(error)) : error;
      }
    },
  };
}

/** @throws ProblemError 401 when there is no bearer token, 400 when it cannot be told which (RFC 6750 §3.1) */
function bearerToken(header: string | null): string {
  const read = readBearer(header);
  if (read === "none") throw new ProblemError(problems.unauthorized("Send a bearer token"));
  if (read === "malformed")
    throw new ProblemError(malformedToken("The Authorization header is no bearer token"));
  return read.token;
}

function userCaller({ subject, sessionId, roles, scope }: VerifiedToken, token: string): Caller {
  return { kind: "user", userId: subject, sessionId, roles, scope, token };
}

function serviceCaller({ issuer, keyId }: VerifiedToken): Caller {
  const service = serviceNames.find((name) => name === issuer);
  // The trust bundle holds the keys of all services: a key may speak only for the service its id names.
  if (!service || !keyId.startsWith(`${service}/`)) {
    throw new TokenRefused("claims", "The token's issuer is not the owner of its key");
  }
  return { kind: "service", service };
}

/** Reads the key id without trusting it, only to choose the verifier. */
function looksLikeService(token: string): boolean {
  try {
    const header: unknown = JSON.parse(
      atob(token.slice(0, token.indexOf(".")).replaceAll("-", "+").replaceAll("_", "/")),
    );
    const keyId = header && typeof header === "object" && "kid" in header ? header.kid : undefined;
    return (
      typeof keyId === "string" && serviceNames.some((name: ServiceName) => keyId.startsWith(`${name}/`))
    );
  } catch {
    return false;
  }
}
