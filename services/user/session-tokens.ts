import { accessTokenLifetime } from "./access-tokens.ts";
import { newRefreshToken, type RefreshTokenHashes, readRefreshToken } from "./refresh-token.ts";
import type { Visitor } from "./session.ts";
import type { User } from "./user.ts";
import type { UserDeps } from "./user-deps.ts";

/** What a client gets when a session begins or goes on. */
export interface SessionTokens {
  readonly user: User;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly tokenType: "Bearer";
  /** Seconds until the access token expires. */
  readonly expiresIn: number;
}

/**
 * Begins a session. Called last in the transaction of its reason: if Redis is away, nothing is committed either.
 * @throws SessionsUnavailable
 */
export async function startSession(
  { sessions, accessTokens, newId }: Pick<UserDeps, "sessions" | "accessTokens" | "newId">,
  user: User,
  visitor: Visitor,
  sessionId = newId(),
): Promise<SessionTokens> {
  const refreshToken = newRefreshToken(sessionId);
  const accessToken = await accessTokens.issue({
    userId: user.id,
    sessionId,
    roles: user.roles,
    tier: user.tier,
  });
  await sessions.start(user.id, hashesOf(refreshToken), visitor);
  return { user, accessToken, refreshToken, tokenType: "Bearer", expiresIn: accessTokenLifetime };
}

/** The hashes of a token that was just made. */
export function hashesOf(refreshToken: string): RefreshTokenHashes {
  const hashes = readRefreshToken(refreshToken);
  if (!hashes) throw new Error("A refresh token was made that cannot be read");
  return hashes;
}
