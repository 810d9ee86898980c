import { type Problem, problems } from "../problem.ts";
import type { TokenRefused } from "./token-refused.ts";

/** What a client gets whose token was refused. */
export function tokenProblem(refused: TokenRefused): Problem {
  if (refused.reason === "unavailable") return problems.unavailable("The issuer of tokens");
  return problems.unauthorized(refused.message, "invalid_token");
}

/** Credentials that cannot be made out, or more than one of them (RFC 6750 §3.1: `invalid_request`, 400). */
export function malformedToken(detail: string): Problem {
  return {
    ...problems.malformed(detail),
    headers: {
      "www-authenticate": `Bearer realm="ecotrack", error="invalid_request", error_description="${detail}"`,
    },
  };
}
