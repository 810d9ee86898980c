import type { User } from "../user.ts";
import {
  type AuthorizationRequest,
  answerLocation,
  type NotSentBack,
  readAuthorizationRequest,
  type SentBack,
} from "./authorization-request.ts";
import { errorPage } from "./consent-page.ts";
import type { OAuthClient } from "./oauth-client.ts";
import { findClient } from "./oauth-client-store.ts";
import type { OAuthDeps } from "./oauth-deps.ts";

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What one call to the authorization endpoint is about. */
export interface Call {
  readonly asked: AuthorizationRequest;
  /** With its question mark: the forms lead back to the very same request. */
  readonly query: string;
  /** The value of the browser's cookie. */
  readonly browser: string;
  readonly cookie?: string;
}

/** @param query of the client's request, with its question mark. @returns an answer where it is not in order */
export async function readCall(deps: OAuthDeps, request: Request, query: string): Promise<Call | Response> {
  const parameters = new Map([...new URLSearchParams(query)].filter(([, value]) => value !== ""));
  const id = parameters.get("client_id") ?? "";
  const client = uuidPattern.test(id) ? await findClient(deps.sql, id) : undefined;
  const asked = readAuthorizationRequest(parameters, client as OAuthClient | undefined);
  if ("notSentBack" in asked || "sentBack" in asked) return refuse(deps, asked);
  const { value: browser, isNew } = deps.browsers.browserOf(request);
  return { asked, query, browser, ...(isNew && { cookie: deps.browsers.cookie(browser) }) };
}

const refuse = (deps: OAuthDeps, refusal: SentBack | NotSentBack): Response =>
  "notSentBack" in refusal ? errorPage(refusal.notSentBack) : back(deps, refusal);

/** What the forms of a page lead back to. */
export function formOf(
  { browsers, google }: OAuthDeps,
  { asked, query, browser, cookie }: Call,
  person?: User,
) {
  const formToken = browsers.formToken(browser, person?.id ?? "sign-in", query);
  const { client, redirectUri } = asked;
  return { client, redirectUri, query, formToken, google: google !== undefined, ...(cookie && { cookie }) };
}

/** The browser is somebody's from here on, and goes on with what the client asked for. */
export async function signedIn(deps: OAuthDeps, call: Call, userId: string): Promise<Response> {
  const browser = await deps.browsers.signIn(userId, call.browser);
  const parameters = new URLSearchParams(call.query);
  if (parameters.get("prompt") === "login") parameters.delete("prompt");
  return again(`?${parameters}`, deps.browsers.cookie(browser));
}

export const back = ({ issuer }: OAuthDeps, refusal: SentBack): Response =>
  redirect(
    answerLocation(refusal, { error: refusal.sentBack, error_description: refusal.description }, issuer),
  );

export const again = (query: string, cookie?: string): Response =>
  redirect(`/oauth/authorize${query}`, cookie);

/** 303, so that the browser does not send a password on (RFC 9700 §4.12). */
export const redirect = (location: string, cookie?: string): Response =>
  new Response(null, {
    status: 303,
    headers: { location, "cache-control": "no-store", ...(cookie && { "set-cookie": cookie }) },
  });
