import { type Problem, ProblemError, problems } from "#mesh/problem";
import type { ApiKeyRefusal } from "./api-keys/manage-api-keys.ts";
import type { PasswordRefusal } from "./change-password.ts";
import type { ProfileRefusal } from "./change-profile.ts";
import type { GoogleRefusal } from "./google/google-refusal.ts";
import type { LoginRefusal } from "./log-in.ts";
import type { ClientRefusal } from "./oauth/manage-clients.ts";
import { HashingBusy } from "./password.ts";
import type { RefreshRefusal } from "./refresh-session.ts";
import type { RegisterRefusal } from "./register-user.ts";
import { SessionsUnavailable } from "./session-store.ts";

type Refusal =
  | RegisterRefusal
  | LoginRefusal
  | RefreshRefusal
  | ProfileRefusal
  | PasswordRefusal
  | ClientRefusal
  | ApiKeyRefusal
  | GoogleRefusal
  | { readonly refused: "consent-not-found" | "session-not-found" };

/** Tokens and secrets are nobody else's to keep (RFC 6749 §5.1). */
export const notStored = { "cache-control": "no-store" };

export const noContent = (): Response => new Response(null, { status: 204 });

const table = {
  "email-taken": {
    status: 409,
    code: "email-taken",
    title: "This email address has an account already",
    detail: "Sign in instead",
  },
  "invalid-credentials": {
    status: 401,
    code: "invalid-credentials",
    title: "Email address and password do not belong together",
  },
  "invalid-refresh-token": {
    status: 401,
    code: "invalid-refresh-token",
    title: "The refresh token is not good any more",
    detail: "Sign in again",
  },
  "wrong-password": {
    status: 403,
    code: "wrong-password",
    title: "The present password is another one",
  },
  "recent-sign-in-required": {
    status: 403,
    code: "recent-sign-in-required",
    title: "Sign in again to do this",
    detail: "This takes a session that began within the last ten minutes",
  },
  "session-not-found": {
    status: 404,
    code: "session-not-found",
    title: "There is no such session",
  },
  "client-not-found": {
    status: 404,
    code: "client-not-found",
    title: "There is no such application",
  },
  "consent-not-found": {
    status: 404,
    code: "consent-not-found",
    title: "This application was not let in",
  },
  "too-many-clients": {
    status: 409,
    code: "too-many-clients",
    title: "There are too many applications already",
    detail: "Delete one that is not needed",
  },
  "client-has-no-secret": {
    status: 409,
    code: "client-has-no-secret",
    title: "A public application cannot prove who it is",
  },
  "key-not-found": {
    status: 404,
    code: "key-not-found",
    title: "There is no such API key",
  },
  "too-many-keys": {
    status: 409,
    code: "too-many-keys",
    title: "There are too many API keys already",
    detail: "Delete one that is not needed",
  },
  "invalid-api-key": {
    status: 401,
    code: "invalid-api-key",
    title: "The API key is not good",
  },
  "google-not-configured": {
    status: 404,
    code: "google-not-configured",
    title: "Signing in with Google is not set up here",
  },
  "invalid-code": {
    status: 401,
    code: "invalid-code",
    title: "The code is not good any more",
    detail: "Begin to sign in again",
  },
  "link-required": {
    status: 409,
    code: "link-required",
    title: "This email address has an account with a password",
    detail: "Sign in with the password and link the Google account then",
  },
  "google-account-taken": {
    status: 409,
    code: "google-account-taken",
    title: "The Google account belongs to another account already",
  },
  "user-not-found": {
    status: 404,
    code: "user-not-found",
    title: "There is no such user",
  },
} satisfies Record<Exclude<Refusal["refused"], "invalid-input" | "too-many-attempts">, Problem>;

const busy: Problem = {
  status: 503,
  code: "sign-in-busy",
  title: "Too many people sign in at this moment",
  detail: "Try again in a second",
  headers: { "retry-after": "1" },
};

/** The problem that answers a refusal of any use case. */
export function refusalProblem(refusal: Refusal): Problem {
  if (refusal.refused === "invalid-input") return problems.validation(refusal.errors);
  return refusal.refused === "too-many-attempts"
    ? problems.quotaExceeded([refusal.limit], refusal.retryAfterSeconds)
    : table[refusal.refused];
}

/** What a use case gave, unless it refused. @throws ProblemError for a refusal and for an outage that has a name here */
export async function accepted<T>(work: Promise<T | Refusal>): Promise<T> {
  const outcome = await work.catch((error: unknown) => {
    throw outageProblem(error) ?? error;
  });
  if (isRefusal(outcome)) throw new ProblemError(refusalProblem(outcome));
  return outcome;
}

function isRefusal(outcome: unknown): outcome is Refusal {
  return typeof outcome === "object" && outcome !== null && "refused" in outcome;
}

function outageProblem(error: unknown): ProblemError | undefined {
  const problem =
    error instanceof SessionsUnavailable
      ? problems.unavailable("The session store")
      : error instanceof HashingBusy
        ? busy
        : undefined;
  return problem && Object.assign(new ProblemError(problem), { cause: error });
}
