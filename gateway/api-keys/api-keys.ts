import { hash } from "node:crypto";
import { BoundedMap } from "#mesh/bounded-map";
import { looksLikeApiKey } from "#mesh/identity/api-key-format";
import { TokenRefused } from "#mesh/identity/token-refused";
import type { VerifiedToken } from "#mesh/identity/verified-token";
import type { TokenVerifier } from "#mesh/identity/verify-token";
import type { ExchangeKey } from "./exchange-key.ts";

/** The token that stands for a key, and what it says. */
export interface KeyToken {
  readonly token: string;
  readonly caller: VerifiedToken;
}

export type KeyOutcome = KeyToken | "refused" | "unavailable";

export interface ApiKeys {
  /** At once for a key that is known; a promise where user-service has to be asked. */
  tokenFor(key: string): KeyOutcome | Promise<KeyOutcome>;
  /** Whether the key was found good before, and still is; asks nobody. */
  recalls(key: string): boolean;
  /** How many keys are known. */
  remembered(): number;
}

/** All in milliseconds but the counts. */
export interface KeyBounds {
  readonly maxKeys: number;
  readonly maxRefused: number;
  /** How long a refusal is believed: a key that was just made must not be refused for long. */
  readonly refusedFor: number;
  /** So many keys may be asked for at once; made-up ones must not become load on user-service. */
  readonly maxAsked: number;
  /** After an outage was noticed nobody asks for this long. */
  readonly awayFor: number;
}

const usualBounds: KeyBounds = {
  maxKeys: 20_000,
  maxRefused: 10_000,
  refusedFor: 5000,
  maxAsked: 64,
  awayFor: 500,
};
/** A token is renewed at this part of its life, while the old one still serves. */
const renewAt = 0.7;

interface KnownKey {
  token: string;
  /** By a clock that nobody sets. */
  renewAfter: number;
}

/**
 * Exchanges API keys for tokens and remembers those by the SHA-256 of the key. A key that is known goes on while
 * user-service is away, until its token expires. Revoking a key revokes its token's session, so it ends within a second.
 */
export function createApiKeys({
  exchange,
  verifier,
  elapsed = () => performance.now(),
  bounds = usualBounds,
}: {
  exchange: ExchangeKey;
  /** Asked anew each time: another configuration has another one. */
  verifier: () => TokenVerifier;
  elapsed?: () => number;
  bounds?: KeyBounds;
}): ApiKeys {
  const known = new BoundedMap<KnownKey>(bounds.maxKeys);
  const refusedUntil = new BoundedMap<number>(bounds.maxRefused);
  const asked = new Map<string, Promise<KeyOutcome>>();
  let awayUntil = Number.NEGATIVE_INFINITY;

  function tokenFor(key: string): KeyOutcome | Promise<KeyOutcome> {
    if (!looksLikeApiKey(key)) return "refused";
    const id = hash("sha256", key, "base64");
    const entry = known.get(id);
    const caller = entry && verifier().recall(entry.token);
    if (entry && caller) {
      if (elapsed() >= entry.renewAfter && mayAsk(id)) void ask(id, key);
      return { token: entry.token, caller };
    }
    if ((refusedUntil.get(id) ?? 0) > elapsed()) return "refused";
    return asked.get(id) ?? (entry ? checkAgain(id, key, entry) : mayAsk(id) ? ask(id, key) : "unavailable");
  }

  function recalls(key: string): boolean {
    const entry = looksLikeApiKey(key) ? known.get(hash("sha256", key, "base64")) : undefined;
    return entry !== undefined && verifier().recall(entry.token) !== undefined;
  }

  const mayAsk = (id: string): boolean =>
    !asked.has(id) && asked.size < bounds.maxAsked && elapsed() >= awayUntil;

  /** A known token that the verifier does not remember any more may only have been driven out. */
  async function checkAgain(id: string, key: string, { token }: KnownKey): Promise<KeyOutcome> {
    const checked = await verifier().check(token);
    if (!(checked instanceof TokenRefused)) return { token, caller: checked };
    known.delete(id);
    return asked.get(id) ?? (mayAsk(id) ? ask(id, key) : "unavailable");
  }

  function ask(id: string, key: string): Promise<KeyOutcome> {
    const outcome = askOnce(id, key).finally(() => asked.delete(id));
    asked.set(id, outcome);
    return outcome;
  }

  async function askOnce(id: string, key: string): Promise<KeyOutcome> {
    const told = await exchange(key);
    if (told === "unavailable") {
      awayUntil = elapsed() + bounds.awayFor;
      return told;
    }
    if (told === "refused") {
      known.delete(id);
      refusedUntil.set(id, elapsed() + bounds.refusedFor);
      return told;
    }
    const checked = await verifier().check(told.token);
    // Signed by somebody unknown, or revoked while it was on its way.
    if (checked instanceof TokenRefused) return checked.reason === "revoked" ? "refused" : "unavailable";
    known.set(id, { token: told.token, renewAfter: elapsed() + told.expiresInMs * renewAt });
    return { token: told.token, caller: checked };
  }

  return { tokenFor, recalls, remembered: () => known.size };
}
