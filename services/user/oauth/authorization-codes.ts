import { createHash, randomBytes } from "node:crypto";
import type { Redis } from "ioredis";
import { reachable } from "../session-store.ts";

/** RFC 6749 §4.1.2 allows ten minutes; a redirect takes a second. */
const codeLifetimeMs = 60_000;
/** A used code is remembered as long as its access token lives, to notice that somebody else has it too. */
const rememberUsedMs = 20 * 60_000;

/** What a code stands for; it is worth something only to whoever can show that it is theirs. */
export interface CodeGrant {
  readonly clientId: string;
  readonly redirectUri: string;
  /** S256 (RFC 7636 §4.2). */
  readonly challenge: string;
  readonly userId: string;
  readonly scope: string;
  /** The session that its tokens belong to. */
  readonly sessionId: string;
}

export interface AuthorizationCodes {
  issue(grant: CodeGrant): Promise<string>;
  /** Uses the code up. `again`: somebody used it before, so it is in two hands. */
  redeem(code: string): Promise<{ grant: CodeGrant; again: boolean } | undefined>;
  /** Whether somebody came with the same code after the first. */
  wasUsedAgain(code: string): Promise<boolean>;
}

// KEYS: the code. ARGV: how long a used one is remembered.
const redeemScript = `
local grant = redis.call('HGET', KEYS[1], 'grant')
if not grant then return nil end
local uses = redis.call('HINCRBY', KEYS[1], 'uses', 1)
if uses == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {grant, uses}`;

const keyOf = (code: string) => `oauth:code:${createHash("sha256").update(code).digest("base64url")}`;

/** Codes in Redis, kept as hashes. Without Redis there are none: signing in to a client has to wait. */
export function createAuthorizationCodes({
  redis,
  now,
}: {
  redis: Redis;
  now: () => Date;
}): AuthorizationCodes {
  return {
    async issue(grant) {
      const code = randomBytes(32).toString("base64url");
      const kept = JSON.stringify({ ...grant, until: now().getTime() + codeLifetimeMs });
      await reachable(
        redis.multi().hset(keyOf(code), "grant", kept).pexpire(keyOf(code), codeLifetimeMs).exec(),
      );
      return code;
    },
    async redeem(code) {
      const found = (await reachable(redis.eval(redeemScript, 1, keyOf(code), rememberUsedMs))) as
        | [string, number]
        | null;
      if (!found) return undefined;
      const { until, ...grant } = JSON.parse(found[0]) as CodeGrant & { until: number };
      const again = found[1] > 1;
      return again || until > now().getTime() ? { grant, again } : undefined;
    },
    wasUsedAgain: async (code) => Number(await reachable(redis.hget(keyOf(code), "uses"))) > 1,
  };
}
