import { Type } from "@sinclair/typebox";
import type { createServiceApp } from "#mesh/http/service-app";
import { ProblemError, problems } from "#mesh/problem";
import { redirect } from "../oauth/authorization-call.ts";
import type { OAuthDeps } from "../oauth/oauth-deps.ts";
import { accepted, noContent, notStored, refusalProblem } from "../problems.ts";
import { SessionView, sessionView } from "../user-schema.ts";
import { visitorOf } from "../visitor.ts";
import { comeBack } from "./come-back.ts";
import { messageOf } from "./finish-at-google.ts";
import type { GoogleProvider } from "./google-provider.ts";
import { beginGoogleSession, type GoogleDeps, linkGoogle } from "./google-sign-in.ts";

const tags = ["auth"];
const strict = { additionalProperties: false };
const Challenge = Type.String({
  pattern: "^[\\w-]{43}$",
  description: "Base64url of SHA-256 of the verifier",
});
const BeginQuery = Type.Object(
  { returnTo: Type.String({ maxLength: 512 }), codeChallenge: Challenge },
  strict,
);
const CodeBody = Type.Object(
  {
    code: Type.String({ maxLength: 128 }),
    codeVerifier: Type.String({
      pattern: "^[\\w.~-]{43,128}$",
      description: "43 to 128 characters (RFC 7636)",
    }),
  },
  strict,
);

export interface GoogleHttpDeps extends GoogleDeps, OAuthDeps {
  /** The pages of front ends that a sign-in may return to, exactly. */
  readonly returnUrls: readonly string[];
}

/** Signing in with Google (OpenID Connect): to the provider, back, and by a one-time code to the front end. */
export function createGoogleHttp(app: ReturnType<typeof createServiceApp>, deps: GoogleHttpDeps) {
  const provider = (): GoogleProvider => {
    if (!deps.google) throw new ProblemError(refusalProblem({ refused: "google-not-configured" }));
    return deps.google;
  };

  return app
    .get(
      "/api/auth/google",
      async ({ query: { returnTo, codeChallenge } }) => {
        const google = provider();
        if (!deps.returnUrls.includes(returnTo)) {
          const detail = "is not one of the addresses in SIGN_IN_RETURN_URLS";
          throw new ProblemError(problems.validation([{ pointer: "/returnTo", detail }]));
        }
        const { url, secrets } = await google.begin().catch((error: unknown) => {
          deps.log.warn({ reason: messageOf(error) }, "Google cannot be reached");
          throw new ProblemError(problems.unavailable("Google"));
        });
        return redirect(url, await deps.begun.set({ ...secrets, returnTo, challenge: codeChallenge }));
      },
      {
        anyone: true,
        query: BeginQuery,
        detail: {
          summary: "Begin to sign in with Google: sends the browser there",
          description:
            "The browser comes back to `returnTo` with `code` or `error`. 404 where Google is not set up.",
          tags,
        },
      },
    )
    .get("/api/auth/google/callback", ({ request }) => comeBack(deps, provider(), request), {
      anyone: true,
      detail: {
        summary: "Where Google sends the browser",
        responses: {
          303: { description: "To the front end, with `code` or `error`; or back to the consent page" },
        },
        tags,
      },
    })
    .post(
      "/api/auth/google/session",
      async ({ body, request, set }) => {
        provider();
        Object.assign(set.headers, notStored);
        return sessionView(await accepted(beginGoogleSession(deps, body, visitorOf(request))));
      },
      {
        anyone: true,
        body: CodeBody,
        response: { 200: SessionView },
        detail: {
          summary: "Exchange the code for a session, making an account where there is none",
          description:
            "409 `link-required`: sign in with the password and send the same code to `/api/auth/google/link`.",
          tags,
        },
      },
    )
    .post(
      "/api/auth/google/link",
      async ({ body, caller }) => {
        provider();
        await accepted(linkGoogle(deps, caller, body));
        return noContent();
      },
      { user: true, body: CodeBody, detail: { summary: "Link a Google account to mine", tags } },
    );
}
