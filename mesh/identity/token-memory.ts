import type { VerifyingKey } from "./read-jwks.ts";
import type { VerifiedToken } from "./verified-token.ts";

/** A token that was verified, and with what. */
export interface RememberedToken {
  readonly verified: VerifiedToken;
  readonly key: VerifyingKey;
}

/** What an entry takes beside its token's text, measured; see docs/decisions/0013. */
const bytesBeside = 800;
/** Looked at with each new entry, so that what has expired is forgotten without a sweep. */
const tidiedAtOnce = 2;

export interface TokenMemory {
  get(token: string): RememberedToken | undefined;
  /** @param now seconds since the epoch */
  set(token: string, remembered: RememberedToken, now: number): void;
  forget(token: string): void;
  size(): number;
  bytes(): number;
}

/**
 * Tokens in the order in which they were verified, which is nearly that in which they expire: where there is no room
 * the oldest goes. Only good tokens get in, so no flood of bad ones drives a good one out.
 */
export function createTokenMemory({
  maxTokens,
  maxBytes,
}: {
  maxTokens: number;
  maxBytes: number;
}): TokenMemory {
  const entries = new Map<string, RememberedToken>();
  // A ring beside the map: to ask a map for its first key costs a walk over all that was deleted before it.
  const ring: (string | undefined)[] = [];
  let first = 0;
  let count = 0;
  let bytes = 0;

  function forget(token: string): void {
    if (entries.delete(token)) bytes -= sizeOf(token);
  }

  function dropFirst(): void {
    const token = ring[first];
    ring[first] = undefined;
    first = (first + 1) % maxTokens;
    count -= 1;
    if (token !== undefined) forget(token);
  }

  function tidy(now: number): void {
    for (let looked = 0; looked < tidiedAtOnce && count > 0; looked++) {
      const token = ring[first];
      const entry = token === undefined ? undefined : entries.get(token);
      if (entry && entry.verified.expiresAt > now) return;
      dropFirst();
    }
  }

  return {
    get: (token) => entries.get(token),
    set(token, remembered, now) {
      tidy(now);
      const size = sizeOf(token);
      if (size > maxBytes || entries.has(token)) return;
      while (count > 0 && (count >= maxTokens || bytes + size > maxBytes)) dropFirst();
      entries.set(token, remembered);
      ring[(first + count) % maxTokens] = token;
      count += 1;
      bytes += size;
    },
    forget,
    size: () => entries.size,
    bytes: () => bytes,
  };
}

const sizeOf = (token: string): number => token.length + bytesBeside;
