import { type Problem, problems } from "#mesh/problem";

/** The refusals that only the edge makes; the common ones come from `#mesh/problem`. */
export const edgeProblems = {
  badPath: (detail: string): Problem => ({
    status: 400,
    code: "bad-path",
    title: "The path cannot be taken as it is",
    detail,
  }),
  badHost: (): Problem => ({
    status: 400,
    code: "bad-host",
    title: "The Host header is missing or is no host",
  }),
  loopDetected: (): Problem => ({
    status: 508,
    code: "loop-detected",
    title: "The request has come round",
    detail: "Its Via names this gateway: something behind it leads back to it",
  }),
  routeNotFound: (): Problem => ({
    status: 404,
    code: "route-not-found",
    title: "There is nothing at this path",
  }),
  methodNotAllowed: (allow: string): Problem => ({
    status: 405,
    code: "method-not-allowed",
    title: "The path does not take this method",
    detail: `It takes ${allow}`,
    headers: { allow },
  }),
  addressRefused: (): Problem => ({
    status: 403,
    code: "address-refused",
    title: "This address may not call",
  }),
  blockedForAWhile: (retryAfterSeconds: number): Problem => ({
    status: 429,
    code: "blocked-for-a-while",
    title: "Too much went wrong from here",
    detail: `Try again in ${retryAfterSeconds} s`,
    headers: { "retry-after": String(retryAfterSeconds) },
  }),
  /** RFC 9110 §15.5.16 wants to be told what would be taken. */
  codedBody: (): Problem => ({
    status: 415,
    code: "unsupported-content-encoding",
    title: "The body is encoded in a way that is not taken",
    detail: "Send it without a Content-Encoding",
    headers: { "accept-encoding": "identity" },
  }),
  originRefused: (): Problem => ({
    status: 403,
    code: "origin-refused",
    title: "Pages of this origin may not call",
  }),
  missingToken: (): Problem => problems.unauthorized("Send a bearer token"),
  badToken: (detail: string): Problem => problems.unauthorized(detail, "invalid_token"),
  tokenNotTaken: (): Problem => problems.unauthorized("This takes an API key, and no token"),
  keyNotTaken: (): Problem => problems.unauthorized("This takes a bearer token, and no API key"),
  badKey: (): Problem => ({
    ...problems.unauthorized("The API key is not known, or not any more"),
    code: "invalid-api-key",
  }),
  missingRole: (role: string): Problem => ({
    ...problems.forbidden(`This takes the role ${role}`),
    headers: { "www-authenticate": `Bearer realm="ecotrack", error="insufficient_scope"` },
  }),
  quotaExceeded: problems.quotaExceeded,
  upstreamTimeout: (upstream: string): Problem => ({
    status: 504,
    code: "upstream-timeout",
    title: "The answer takes too long",
    detail: `${upstream} did not answer in time; whether it acted is not known`,
  }),
  upstreamUnavailable: (upstream: string): Problem => ({
    status: 502,
    code: "upstream-unavailable",
    title: "Not available for the moment",
    detail: `${upstream} cannot be reached; try again`,
    headers: { "retry-after": "1" },
  }),
} as const;
