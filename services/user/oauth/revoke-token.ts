import { readRefreshToken } from "../refresh-token.ts";
import { afterlifeMs, reachable } from "../session-store.ts";
import type { OAuthClient } from "./oauth-client.ts";
import type { OAuthDeps } from "./oauth-deps.ts";

/**
 * Ends what a client holds (RFC 7009). Either token of a person's consent ends the session, so its refresh token and all
 * its access tokens; a token of the client itself ends alone. What is no token of this client changes nothing, and
 * nobody is told so (§2.2).
 */
export async function revokeToken(deps: OAuthDeps, client: OAuthClient, token: string): Promise<void> {
  const refresh = readRefreshToken(token);
  if (refresh) {
    const owner = await deps.sessions.find(refresh.sessionId);
    if (owner?.client !== client.id || (await deps.sessions.look(refresh)) === "unknown") return;
    await deps.sessions.end(owner.userId, refresh.sessionId);
    return;
  }
  const claims = await deps.readAccessToken(token);
  if (claims?.client_id !== client.id) return;
  if (claims.sub === client.id) {
    await reachable(deps.revocations.revoke(claims.sid, new Date(deps.now().getTime() + afterlifeMs)));
  } else {
    await deps.sessions.end(claims.sub, claims.sid);
  }
}
