import { looksLikeApiKey } from "#mesh/identity/api-key-format";
import { inAuthentication } from "../in-authentication.ts";
import type { UserDeps } from "../user-deps.ts";
import { hashApiKey, rolesOfKey } from "./api-key.ts";
import { findUsableKey, noteUse } from "./api-key-store.ts";

/** Seconds. Shorter than a session's, so that the last use that an owner sees is not older than it looks. */
const keyTokenLifetime = 300;

export interface ExchangedKey {
  readonly accessToken: string;
  /** Seconds; never beyond the end of the key. */
  readonly expiresIn: number;
}

type KeyRefusal = { readonly refused: "invalid-api-key" };

/** A token in place of a key: the key goes no further than the gateway, and services know tokens only. */
export const exchangeApiKey = (deps: UserDeps, text: string): Promise<ExchangedKey | KeyRefusal> =>
  inAuthentication("api-key", () => authenticate(deps, text));

async function authenticate(
  { sql, accessTokens, metrics, log, now }: UserDeps,
  text: string,
): Promise<ExchangedKey | KeyRefusal> {
  const at = now();
  const key = looksLikeApiKey(text) ? await findUsableKey(sql, hashApiKey(text), at) : undefined;
  const left = key?.expiresAt
    ? Math.floor((key.expiresAt.getTime() - at.getTime()) / 1000)
    : keyTokenLifetime;
  if (!key || left < 1) {
    metrics.loginFailures.inc({ reason: "invalid-api-key" });
    return { refused: "invalid-api-key" };
  }
  const { id, ownerId, scopes, tier } = key;
  const expiresIn = Math.min(keyTokenLifetime, left);
  const roles = rolesOfKey(key.roles, scopes);
  const limits = { clientId: id, scope: scopes.join(" "), tier, lifetime: expiresIn };
  const accessToken = await accessTokens.issue({ userId: ownerId, sessionId: id, roles, ...limits });
  // Nobody waits for it, and a key whose use cannot be noted is still good.
  noteUse(sql, id, at).catch((error: unknown) =>
    log.warn({ err: error }, "the use of an API key is not noted"),
  );
  return { accessToken, expiresIn };
}
