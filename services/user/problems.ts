import { type Problem, ProblemError, problems } from "#mesh/problem";
import type { ProfileRefusal } from "./change-profile.ts";
import type { LoginRefusal } from "./log-in.ts";
import { HashingBusy } from "./password.ts";
import type { RefreshRefusal } from "./refresh-session.ts";
import type { RegisterRefusal } from "./register-user.ts";
import { SessionsUnavailable } from "./session-store.ts";

type Refusal = RegisterRefusal | LoginRefusal | RefreshRefusal | ProfileRefusal;

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
  "user-not-found": {
    status: 404,
    code: "user-not-found",
    title: "There is no such user",
  },
} satisfies Record<Exclude<Refusal["refused"], "invalid-input">, Problem>;

const busy: Problem = {
  status: 503,
  code: "sign-in-busy",
  title: "Too many people sign in at this moment",
  detail: "Try again in a second",
  headers: { "retry-after": "1" },
};

/** The problem that answers a refusal of any use case. */
export function refusalProblem(refusal: Refusal): Problem {
  return refusal.refused === "invalid-input" ? problems.validation(refusal.errors) : table[refusal.refused];
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
