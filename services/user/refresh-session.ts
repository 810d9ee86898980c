import { accessTokenLifetime } from "./access-tokens.ts";
import { inAuthentication } from "./in-authentication.ts";
import { newRefreshToken, readRefreshToken } from "./refresh-token.ts";
import { hashesOf, type SessionTokens } from "./session-tokens.ts";
import type { UserDeps } from "./user-deps.ts";
import { findUser } from "./user-store.ts";

export type RefreshRefusal = { readonly refused: "invalid-refresh-token" };

/**
 * A new pair for a refresh token, which is good for one use. A token that was used before is in two hands, so the
 * whole session ends, whoever came first (RFC 9700 §4.14.2): of two refreshes at the same instant one gets a pair,
 * the other a refusal, and that pair is worth nothing any more. A client sends one refresh at a time.
 * The caller does not learn which of the reasons refused it.
 */
export const refreshSession = (
  deps: UserDeps,
  refreshToken: string,
): Promise<SessionTokens | RefreshRefusal> => inAuthentication("refresh", () => renew(deps, refreshToken));

async function renew(
  { sql, sessions, accessTokens }: UserDeps,
  refreshToken: string,
): Promise<SessionTokens | RefreshRefusal> {
  const refusal: RefreshRefusal = { refused: "invalid-refresh-token" };
  const presented = readRefreshToken(refreshToken);
  if (!presented) return refusal;
  const owner = await sessions.find(presented.sessionId);
  // What a client was given it renews at the token endpoint, where its scopes stay with it.
  if (owner?.client !== "") return refusal;
  const { userId } = owner;
  // Everything that can fail comes before the rotation: afterwards only the answer holds the new token.
  const user = await findUser(sql, userId);
  if (!user) return refusal;
  const { sessionId } = presented;
  const accessToken = await accessTokens.issue({ userId, sessionId, roles: user.roles, tier: user.tier });
  const next = newRefreshToken(sessionId, refreshToken);
  if ((await sessions.rotate(userId, presented, hashesOf(next))) !== "rotated") return refusal;
  return { user, accessToken, refreshToken: next, tokenType: "Bearer", expiresIn: accessTokenLifetime };
}
