import type { BegunForConsent } from "../google/begun-sign-in.ts";
import { type AtGoogle, messageOf } from "../google/finish-at-google.ts";
import { holdGoogleUser, SignedInTwice } from "../google/google-account.ts";
import type { ProviderAccount } from "../google/google-provider.ts";
import { inAuthentication } from "../in-authentication.ts";
import { again, type Call, formOf, readCall, redirect, signedIn } from "./authorization-call.ts";
import { errorPage, signInPage } from "./consent-page.ts";
import type { OAuthDeps } from "./oauth-deps.ts";

/** What a person is told who comes back without having signed in. */
const failures = {
  access_denied: { status: 403, message: "You did not sign in with Google." },
  email_not_verified: { status: 403, message: "Google has not checked the email address of this account." },
  sign_in_failed: { status: 502, message: "Signing in with Google did not work. Try again." },
} as const satisfies Record<Extract<AtGoogle, { failed: string }>["failed"], object>;

/**
 * `GET /oauth/authorize/google`: from the sign-in page to Google. The client's request waits here; the browser keeps, sealed,
 * what Google's answer has to fit to and which browser it was.
 */
export async function leaveForGoogle(deps: OAuthDeps, request: Request): Promise<Response> {
  const query = new URL(request.url).search;
  const call = await readCall(deps, request, query);
  if (call instanceof Response) return call;
  // Nobody is sent to Google but by our own page.
  const site = request.headers.get("sec-fetch-site");
  if (!deps.google || (site !== null && site !== "same-origin" && site !== "none")) return again(query);
  const begun = await deps.google.begin(call.asked.prompt === "login").catch((error: unknown) => {
    deps.log.warn({ reason: messageOf(error) }, "Google cannot be reached");
  });
  if (!begun)
    return notSignedIn(deps, call, { status: 503, message: "Google cannot be reached. Try again." });
  await deps.pendingConsents.keep(begun.secrets.state, query);
  const answer = redirect(begun.url, await deps.begun.set({ ...begun.secrets, browser: call.browser }));
  if (call.cookie) answer.headers.append("set-cookie", call.cookie);
  return answer;
}

/** Back from Google to the page that the person left, once, in the same browser. */
export async function returnFromGoogle(
  deps: OAuthDeps,
  request: Request,
  { state, browser }: BegunForConsent,
  outcome: AtGoogle,
): Promise<Response> {
  const query = await deps.pendingConsents.take(state);
  if (!query || deps.browsers.browserOf(request).value !== browser) {
    return errorPage("The page was too old. Go back to the application and try again.", 403);
  }
  const call = await readCall(deps, request, query);
  if (call instanceof Response) return call;
  if ("failed" in outcome) return notSignedIn(deps, call, failures[outcome.failed]);
  const held = await inAuthentication("google", () => hold(deps, outcome));
  if ("user" in held) return signedIn(deps, call, held.user.id);
  const message =
    held.refused === "link-required"
      ? "This address has an account here already. Sign in with its password."
      : failures.sign_in_failed.message;
  return notSignedIn(deps, call, { status: 409, message, email: outcome.email ?? "" });
}

async function hold(deps: OAuthDeps, account: ProviderAccount) {
  const held = await deps
    .transaction((tx) => holdGoogleUser(deps, tx, account))
    .catch((error: unknown) => {
      if (error instanceof SignedInTwice) return { refused: "invalid-code" } as const;
      throw error;
    });
  if ("user" in held && held.isNew)
    deps.metrics.registrations.inc({ registration_type: "google", source: "api" });
  return held;
}

const notSignedIn = (
  deps: OAuthDeps,
  call: Call,
  problem: { readonly status: number; readonly message: string; readonly email?: string },
): Response => signInPage(formOf(deps, call), { email: "", ...problem });
