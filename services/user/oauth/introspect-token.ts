import { readRefreshToken } from "../refresh-token.ts";
import type { OAuthClient } from "./oauth-client.ts";
import type { OAuthDeps } from "./oauth-deps.ts";

/**
 * What RFC 7662 §2.2 says of a token. A client learns of its own tokens only, an internal one of all: for anybody else's a
 * token is simply not active, so that nothing can be found out by asking.
 */
export async function introspectToken(
  deps: Pick<OAuthDeps, "readAccessToken" | "sessions">,
  { id, internal }: OAuthClient,
  token: string,
): Promise<{ readonly active: boolean } & Readonly<Record<string, unknown>>> {
  const inactive = { active: false };
  const refresh = readRefreshToken(token);
  if (refresh) {
    const owner = await deps.sessions.find(refresh.sessionId);
    if (!owner || (owner.client !== id && !internal)) return inactive;
    if ((await deps.sessions.look(refresh)) !== "current") return inactive;
    const { userId: sub, client, scope } = owner;
    return { active: true, sub, ...(client && { client_id: client, scope }) };
  }
  const claims = await deps.readAccessToken(token);
  if (!claims || (claims.client_id !== id && !internal)) return inactive;
  const { sub, client_id, scope, iat, exp, iss, aud, jti } = claims;
  return { active: true, token_type: "Bearer", sub, client_id, scope, iat, exp, iss, aud, jti };
}
