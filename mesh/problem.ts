import { currentContext } from "#observability/context";

/** A refusal as RFC 9457 shapes it. `code` is stable and kebab-case; clients branch on it. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail?: string | undefined;
  /** What is wrong with the input; `pointer` is a JSON Pointer (RFC 6901) into it. */
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[] | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Further members of the document. */
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

/** Carries a problem up to where requests are answered. Not for refusals inside the domain: those are values. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  constructor(readonly problem: Problem) {
    super(`${problem.status} ${problem.code}`);
  }
}

/** The document of a problem; `instance` is the path that was asked for. */
export function problemDocument(problem: Problem, instance: string): Record<string, unknown> {
  const { status, code, title, detail, errors, extensions } = problem;
  const traceId = currentContext()?.traceId;
  return {
    type: `urn:ecotrack:problem:${code}`,
    title,
    status,
    detail: detail ?? errors?.slice(0, 3).map(sentence).join("; ") ?? title,
    instance,
    code,
    ...(traceId && { traceId }),
    ...(errors && { errors }),
    ...extensions,
  };
}

const sentence = ({ pointer, detail }: { pointer: string; detail: string }): string =>
  `${pointer || "The body"}: ${detail}`;

export function problemResponse(problem: Problem, instance: string): Response {
  return new Response(JSON.stringify(problemDocument(problem, instance)), {
    status: problem.status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store", ...problem.headers },
  });
}

/** Problems that any part may answer with. What is peculiar to a service stands in its own `problems.ts`. */
export const problems = {
  malformed: (detail: string): Problem => ({
    status: 400,
    code: "malformed-request",
    title: "The request cannot be read",
    detail,
  }),
  unauthorized: (detail: string, error?: "invalid_token"): Problem => ({
    status: 401,
    code: "unauthorized",
    title: "Authentication is required",
    detail,
    // RFC 6750 §3: no error code where no credentials were sent.
    headers: {
      "www-authenticate": error
        ? `Bearer realm="ecotrack", error="${error}", error_description="${detail}"`
        : 'Bearer realm="ecotrack"',
    },
  }),
  forbidden: (detail: string): Problem => ({
    status: 403,
    code: "forbidden",
    title: "This is not yours to do",
    detail,
  }),
  /** @param scope what would open it (RFC 6750 §3.1); left out where no scope does */
  insufficientScope: (scope?: string): Problem => ({
    status: 403,
    code: "insufficient-scope",
    title: "The token is not good for this",
    detail: scope ? `This takes the scope ${scope}` : "This takes a person who signed in",
    headers: {
      "www-authenticate": `Bearer realm="ecotrack", error="insufficient_scope"${scope ? `, scope="${scope}"` : ""}`,
    },
  }),
  notFound: (detail: string): Problem => ({
    status: 404,
    code: "not-found",
    title: "There is nothing here",
    detail,
  }),
  tooLarge: (limitBytes: number): Problem => ({
    status: 413,
    code: "body-too-large",
    title: "The body is too large",
    detail: `At most ${limitBytes} bytes are taken`,
  }),
  unsupportedMediaType: (taken: readonly string[] = ["application/json"]): Problem => ({
    status: 415,
    code: "unsupported-media-type",
    title: "The body has a type that is not taken",
    detail: `Send ${taken.join(" or ")}`,
  }),
  validation: (errors: NonNullable<Problem["errors"]>): Problem => ({
    status: 422,
    code: "validation-failed",
    title: "The input breaks a rule",
    errors,
  }),
  /** @param policies names of the limits that were gone over */
  quotaExceeded: (policies: readonly string[], retryAfterSeconds: number): Problem => ({
    status: 429,
    code: "quota-exceeded",
    title: "Too many requests",
    detail: `Try again in ${retryAfterSeconds} s`,
    headers: { "retry-after": String(retryAfterSeconds) },
    // The problem type and its member as draft-ietf-httpapi-ratelimit-headers-11 §5.1 defines them.
    extensions: {
      type: "https://iana.org/assignments/http-problem-types#quota-exceeded",
      "violated-policies": policies,
    },
  }),
  internal: (): Problem => ({ status: 500, code: "internal-error", title: "Something broke on our side" }),
  unavailable: (dependency: string): Problem => ({
    status: 503,
    code: "unavailable",
    title: "Not available for the moment",
    detail: `${dependency} does not answer; try again`,
    headers: { "retry-after": "1" },
  }),
};
