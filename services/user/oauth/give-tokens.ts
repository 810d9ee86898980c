import { createHash, timingSafeEqual } from "node:crypto";
import { isScope, permits, type Scope, scopes } from "#mesh/identity/scopes";
import { accessTokenLifetime } from "../access-tokens.ts";
import { newRefreshToken, readRefreshToken } from "../refresh-token.ts";
import type { Visitor } from "../session.ts";
import { hashesOf } from "../session-tokens.ts";
import { findUser } from "../user-store.ts";
import { findConsent } from "./consent-store.ts";
import type { Form } from "./form-body.ts";
import type { OAuthClient } from "./oauth-client.ts";
import type { OAuthDeps } from "./oauth-deps.ts";
import type { OAuthError } from "./oauth-error.ts";

/** The successful answer of RFC 6749 §5.1. */
export interface TokenAnswer {
  readonly access_token: string;
  readonly token_type: "Bearer";
  readonly expires_in: number;
  readonly scope: string;
  readonly refresh_token?: string;
}

const verifierPattern = /^[\w.~-]{43,128}$/;
const notGood: OAuthError = { error: "invalid_grant", description: "The grant is not good, or not any more" };

/** What `POST /oauth/token` gives for each kind of grant. */
export function giveTokens(
  deps: OAuthDeps,
  client: OAuthClient,
  form: Form,
  visitor: Visitor,
): Promise<TokenAnswer | OAuthError> | OAuthError {
  switch (form.get("grant_type")) {
    case "client_credentials":
      return forItself(deps, client, form);
    case "authorization_code":
      return forCode(deps, client, form, visitor);
    case "refresh_token":
      return forRefreshToken(deps, client, form);
    case undefined:
      return { error: "invalid_request", description: "grant_type is missing" };
    default:
      return {
        error: "unsupported_grant_type",
        description: "client_credentials, authorization_code and refresh_token are taken",
      };
  }
}

/** RFC 6749 §4.4. The token's subject is the client (RFC 9068 §2.2); it never reaches anybody's own data. */
async function forItself(
  deps: OAuthDeps,
  client: OAuthClient,
  form: Form,
): Promise<TokenAnswer | OAuthError> {
  if (client.kind === "public") {
    return { error: "unauthorized_client", description: "A public client cannot act for itself" };
  }
  const own = client.scopes.filter((scope) => scopes[scope].grantedTo === "anyone");
  const scope = narrowed(form.get("scope"), own);
  if (scope === undefined) return scopeRefusal;
  // Each token has a session id of its own, so that revoking one (RFC 7009) leaves the others.
  const access = { userId: client.id, sessionId: deps.newId(), roles: rolesOf(client, []), scope };
  return { ...(await accessAnswer(deps, client, access)) };
}

/** RFC 6749 §4.1.3 with PKCE. A code that comes twice ends what it gave (RFC 9700 §2.1.1). */
async function forCode(
  deps: OAuthDeps,
  client: OAuthClient,
  form: Form,
  visitor: Visitor,
): Promise<TokenAnswer | OAuthError> {
  const [code, verifier] = [form.get("code"), form.get("code_verifier")];
  if (!code || !verifier || !form.has("redirect_uri")) {
    return { error: "invalid_request", description: "code, code_verifier and redirect_uri are needed" };
  }
  const redeemed = await deps.codes.redeem(code);
  if (!redeemed) return notGood;
  const { grant, again } = redeemed;
  const { userId, sessionId, scope } = grant;
  if (again) {
    await deps.sessions.end(userId, sessionId);
    deps.log.warn(
      { audit: "oauth-code-replayed", clientId: grant.clientId, userId, sessionId },
      "a code came twice",
    );
    return notGood;
  }
  const own = grant.clientId === client.id && grant.redirectUri === form.get("redirect_uri");
  if (!own || !isVerifierOf(grant.challenge, verifier)) return notGood;
  const user = await findUser(deps.sql, userId);
  if (!user) return notGood;
  const answer = await accessAnswer(deps, client, {
    userId,
    sessionId,
    roles: rolesOf(client, ["customer"]),
    scope,
  });
  const refreshToken = newRefreshToken(sessionId);
  await deps.sessions.start(userId, hashesOf(refreshToken), { ...visitor, client: client.id, scope });
  // The code may have come again, the consent been withdrawn or the client deleted before the session began.
  const allowed = await findConsent(deps.sql, userId, client.id);
  if ((await deps.codes.wasUsedAgain(code)) || !scope.split(" ").every((each) => allowed.includes(each))) {
    await deps.sessions.end(userId, sessionId);
    return notGood;
  }
  return { ...answer, refresh_token: refreshToken };
}

/** RFC 6749 §6, with rotation: a used token ends the session, as in ordinary sign-in. */
async function forRefreshToken(
  deps: OAuthDeps,
  client: OAuthClient,
  form: Form,
): Promise<TokenAnswer | OAuthError> {
  const token = form.get("refresh_token");
  if (!token) return { error: "invalid_request", description: "refresh_token is missing" };
  const presented = readRefreshToken(token);
  const owner = presented && (await deps.sessions.find(presented.sessionId));
  if (!owner || owner.client !== client.id) return notGood;
  const granted = owner.scope
    .split(" ")
    .filter((each): each is Scope => isScope(each) && client.scopes.includes(each));
  const scope = narrowed(form.get("scope"), granted);
  if (scope === undefined) return scopeRefusal;
  const user = await findUser(deps.sql, owner.userId);
  if (!user) return notGood;
  const { sessionId } = presented;
  const access = { userId: owner.userId, sessionId, roles: rolesOf(client, ["customer"]), scope };
  const answer = await accessAnswer(deps, client, access);
  const next = newRefreshToken(sessionId, token);
  if ((await deps.sessions.rotate(owner.userId, presented, hashesOf(next))) !== "rotated") return notGood;
  return { ...answer, refresh_token: next };
}

const scopeRefusal: OAuthError = {
  error: "invalid_scope",
  description: "The client cannot have these scopes by this grant",
};

/** What was asked for, if all of it is in `allowed`; all of that when nothing was asked for; never nothing. */
function narrowed(asked: string | undefined, allowed: readonly Scope[]): string | undefined {
  const wanted = asked === undefined ? allowed : [...new Set(asked.split(" "))];
  const all = allowed.join(" ");
  const fits = wanted.length > 0 && all !== "" && wanted.every((each) => isScope(each) && permits(all, each));
  return fits ? wanted.join(" ") : undefined;
}

/** No client is ever an admin, whoever agreed to it. */
const rolesOf = ({ internal }: OAuthClient, roles: readonly string[]): string[] =>
  internal ? [...roles, "internal"] : [...roles];

async function accessAnswer(
  { accessTokens }: OAuthDeps,
  { id: clientId, tier }: OAuthClient,
  access: { userId: string; sessionId: string; roles: readonly string[]; scope: string },
): Promise<TokenAnswer> {
  const accessToken = await accessTokens.issue({ ...access, clientId, tier });
  return {
    access_token: accessToken,
    token_type: "Bearer",
    expires_in: accessTokenLifetime,
    scope: access.scope,
  };
}

/** RFC 7636 §4.6. */
function isVerifierOf(challenge: string, verifier: string): boolean {
  if (!verifierPattern.test(verifier)) return false;
  const made = Buffer.from(createHash("sha256").update(verifier).digest("base64url"));
  const kept = Buffer.from(challenge);
  return made.length === kept.length && timingSafeEqual(made, kept);
}
