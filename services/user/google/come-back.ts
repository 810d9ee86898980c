import { ProblemError } from "#mesh/problem";
import { redirect } from "../oauth/authorization-call.ts";
import { returnFromGoogle } from "../oauth/google-on-consent.ts";
import type { OAuthDeps } from "../oauth/oauth-deps.ts";
import { accepted, refusalProblem } from "../problems.ts";
import type { BegunForFrontEnd } from "./begun-sign-in.ts";
import { type AtGoogle, finishAtGoogle } from "./finish-at-google.ts";
import type { GoogleProvider } from "./google-provider.ts";
import type { SignInCodes } from "./sign-in-codes.ts";

type ComeBackDeps = OAuthDeps & { readonly signInCodes: SignInCodes };

/** The browser is back from Google: on to where it began. */
export async function comeBack(
  deps: ComeBackDeps,
  google: GoogleProvider,
  request: Request,
): Promise<Response> {
  const begun = await deps.begun.read(request);
  if (!begun) throw new ProblemError(refusalProblem({ refused: "invalid-code" }));
  const outcome = await finishAtGoogle(deps.log, google, request, begun);
  if ("failed" in outcome) {
    deps.metrics.loginFailures.inc({ reason: `google-${outcome.failed.replaceAll("_", "-")}` });
  }
  const answer =
    "browser" in begun
      ? await returnFromGoogle(deps, request, begun, outcome)
      : await toFrontEnd(deps, begun, outcome);
  answer.headers.append("set-cookie", deps.begun.clear);
  return answer;
}

async function toFrontEnd(
  { signInCodes }: ComeBackDeps,
  { returnTo, challenge }: BegunForFrontEnd,
  outcome: AtGoogle,
): Promise<Response> {
  const url = new URL(returnTo);
  if ("failed" in outcome) url.searchParams.set("error", outcome.failed);
  else url.searchParams.set("code", await accepted(signInCodes.issue({ account: outcome, challenge })));
  return redirect(url.href);
}
