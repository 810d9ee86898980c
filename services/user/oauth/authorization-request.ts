import { isScope, permits, type Scope } from "#mesh/identity/scopes";
import { isLoopback, type OAuthClient, registeredRedirect } from "./oauth-client.ts";

/** A request to let a client act for a person, in order and from a client that is known. */
export interface AuthorizationRequest {
  readonly client: OAuthClient;
  readonly redirectUri: string;
  readonly scopes: readonly Scope[];
  readonly state: string | undefined;
  readonly challenge: string;
  readonly prompt: "none" | "login" | "consent" | undefined;
}

/** Refused where it can be told to the client, by sending the browser back (RFC 6749 §4.1.2.1). */
export interface SentBack {
  readonly sentBack: string;
  readonly description: string;
  readonly redirectUri: string;
  readonly state: string | undefined;
}

/** Refused where it cannot: nobody may be sent to an address that the client did not register. */
export interface NotSentBack {
  readonly notSentBack: string;
}

const challengePattern = /^[\w-]{43}$/;
const maxStateLength = 1024;

/** @param parameters without those that have no value (RFC 6749 §3.1) */
export function readAuthorizationRequest(
  parameters: ReadonlyMap<string, string>,
  client: OAuthClient | undefined,
): AuthorizationRequest | SentBack | NotSentBack {
  if (!client) return { notSentBack: "The application is not known here" };
  const asked = parameters.get("redirect_uri");
  const redirectUri = asked && registeredRedirect(client, asked);
  if (!redirectUri) return { notSentBack: "The application did not register the address to return to" };
  const state = parameters.get("state");
  const back = (sentBack: string, description: string): SentBack => ({
    sentBack,
    description,
    redirectUri,
    state,
  });
  if (state !== undefined && state.length > maxStateLength) {
    return { sentBack: "invalid_request", description: "state is too long", redirectUri, state: undefined };
  }
  const type = parameters.get("response_type");
  if (type !== "code") {
    return back(type ? "unsupported_response_type" : "invalid_request", "response_type has to be code");
  }
  if (parameters.has("request")) return back("request_not_supported", "Send the parameters by themselves");
  if (parameters.has("request_uri"))
    return back("request_uri_not_supported", "Send the parameters by themselves");
  if ((parameters.get("response_mode") ?? "query") !== "query") {
    return back("invalid_request", "response_mode has to be query");
  }
  const challenge = parameters.get("code_challenge") ?? "";
  if (!challengePattern.test(challenge) || parameters.get("code_challenge_method") !== "S256") {
    return back("invalid_request", "PKCE is needed: code_challenge with code_challenge_method=S256");
  }
  const scopes = [...new Set(parameters.get("scope")?.split(" ") ?? client.scopes)];
  if (!scopes.every((each): each is Scope => isScope(each) && permits(client.scopes.join(" "), each))) {
    return back("invalid_scope", "The client is not registered for one of the scopes");
  }
  const prompt = parameters.get("prompt");
  if (prompt !== undefined && prompt !== "none" && prompt !== "login" && prompt !== "consent") {
    return back("invalid_request", "prompt has to be none, login or consent");
  }
  return { client, redirectUri, scopes, state, challenge, prompt };
}

/**
 * Whether an earlier consent may stand for a new one. A public client on a person's machine could be any program that
 * knows the id, so there the person is asked each time (RFC 8252 §8.6).
 */
export const mayRemember = ({ client, redirectUri }: AuthorizationRequest): boolean =>
  client.kind === "confidential" || !isLoopback(new URL(redirectUri));

/** Where the browser goes with an answer; `iss` says whose answer it is (RFC 9207). */
export function answerLocation(
  { redirectUri, state }: { redirectUri: string; state: string | undefined },
  answer: Readonly<Record<string, string>>,
  issuer: string,
): string {
  const url = new URL(redirectUri);
  const all = { ...answer, ...(state !== undefined && { state }), iss: issuer };
  for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value);
  return url.href;
}
