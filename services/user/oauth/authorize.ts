import { inAuthentication } from "../in-authentication.ts";
import { checkPassword } from "../log-in.ts";
import type { Visitor } from "../session.ts";
import type { User } from "../user.ts";
import { again, back, type Call, formOf, readCall, redirect, signedIn } from "./authorization-call.ts";
import { answerLocation, mayRemember } from "./authorization-request.ts";
import { consentPage, errorPage, signInPage } from "./consent-page.ts";
import { findConsent, saveConsent } from "./consent-store.ts";
import type { Form } from "./form-body.ts";
import type { OAuthDeps } from "./oauth-deps.ts";

/** `GET /oauth/authorize` (RFC 6749 §4.1.1): sign-in, consent, or at once back to the client. */
export async function showAuthorization(deps: OAuthDeps, request: Request): Promise<Response> {
  const call = await readCall(deps, request, new URL(request.url).search);
  if (call instanceof Response) return call;
  const { asked, browser } = call;
  const person = await deps.browsers.person(browser);
  // Straight after signing in `prompt=login` has been obeyed; the form then leads on without it.
  if (!person || asked.prompt === "login") {
    return asked.prompt === "none"
      ? back(deps, { ...asked, sentBack: "login_required", description: "Nobody is signed in" })
      : signInPage(formOf(deps, call));
  }
  const allowed = await findConsent(deps.sql, person.id, asked.client.id);
  const remembered = mayRemember(asked) && asked.scopes.every((scope) => allowed.includes(scope));
  if (remembered && asked.prompt !== "consent") return allow(deps, call, person);
  return asked.prompt === "none"
    ? back(deps, { ...asked, sentBack: "consent_required", description: "The person has to be asked" })
    : consentPage(formOf(deps, call, person), person, asked.scopes);
}

/** `POST /oauth/authorize`: a form of ours. */
export async function answerAuthorization(
  deps: OAuthDeps,
  request: Request,
  form: Form,
  visitor: Visitor,
): Promise<Response> {
  const call = await readCall(deps, request, new URL(request.url).search);
  if (call instanceof Response) return call;
  const { asked, browser, query } = call;
  const token = form.get("form_token");
  const person = await deps.browsers.person(browser);
  const ours = isSameOrigin(request, deps.publicUrl);
  const signingIn = ours && deps.browsers.isFormToken(token, browser, "sign-in", query);
  const consenting = ours && person && deps.browsers.isFormToken(token, browser, person.id, query);
  switch (form.get("action")) {
    case "sign-in":
      if (signingIn) return signIn(deps, call, form, visitor);
      break;
    case "sign-out":
      if (!consenting) break;
      await deps.browsers.signOut(browser);
      return again(query);
    case "allow":
      if (!consenting) break;
      await deps.transaction((tx) =>
        saveConsent(tx, {
          userId: person.id,
          clientId: asked.client.id,
          scopes: asked.scopes,
          at: deps.now(),
        }),
      );
      return allow(deps, call, person);
    case "deny":
      if (!signingIn && !consenting) break;
      return back(deps, { ...asked, sentBack: "access_denied", description: "The person said no" });
  }
  return errorPage(
    "The page was too old, or cookies are blocked. Go back to the application and try again.",
    403,
  );
}

async function signIn(deps: OAuthDeps, call: Call, form: Form, visitor: Visitor): Promise<Response> {
  const email = form.get("email") ?? "";
  const credentials = { email, password: form.get("password") ?? "" };
  const proven = await inAuthentication("password", () => checkPassword(deps, credentials, visitor));
  if ("refused" in proven) {
    const late = proven.refused === "too-many-attempts";
    const message = late
      ? `Too many attempts. Try again in ${proven.retryAfterSeconds} seconds.`
      : "Email address and password do not belong together.";
    const page = signInPage(formOf(deps, call), { status: late ? 429 : 401, message, email });
    if (late) page.headers.set("retry-after", String(proven.retryAfterSeconds));
    return page;
  }
  return signedIn(deps, call, proven.userId);
}

/** The code goes to where the client registered, bound to it, to the address and to its PKCE challenge. */
async function allow(deps: OAuthDeps, { asked }: Call, { id: userId }: User): Promise<Response> {
  const { client, redirectUri, challenge, scopes } = asked;
  const grant = { clientId: client.id, redirectUri, challenge, userId, scope: scopes.join(" ") };
  const code = await deps.codes.issue({ ...grant, sessionId: deps.newId() });
  return redirect(answerLocation(asked, { code }, deps.issuer));
}

/** Browsers say where a form comes from. `null` is what our own page says, because it asks for no referrer. */
function isSameOrigin(request: Request, publicUrl: string): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin";
  const origin = request.headers.get("origin");
  return origin === null || origin === "null" || origin === new URL(publicUrl).origin;
}
