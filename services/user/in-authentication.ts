import { inSpan } from "#observability/trace/in-span";

/** The ways of signing in. */
export type AuthenticationMethod =
  | "password"
  | "refresh"
  | "google"
  | "client-credentials"
  | "authorization-code"
  | "api-key";

/**
 * Somebody signs in, or goes on being signed in: told of by a span, with how and what came of it, and never who. A refusal is
 * ours (`refused`) or, at the token endpoint, that of RFC 6749 §5.2 (`error`).
 */
export const inAuthentication = <T extends object>(
  method: AuthenticationMethod,
  work: () => Promise<T>,
): Promise<T> =>
  inSpan("user-authentication", { attributes: { "authentication.method": method } }, async (span) => {
    const outcome = await work();
    const { refused, error } = outcome as { readonly refused?: string; readonly error?: string };
    span.setAttribute("authentication.outcome", refused ?? error ?? "success");
    return outcome;
  });
