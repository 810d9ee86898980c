import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Redis } from "ioredis";
import { reachable } from "../session-store.ts";
import type { ProviderAccount } from "./google-provider.ts";

/** Long enough to sign in with a password in between, where the accounts have to be linked. */
const codeLifetimeMs = 10 * 60_000;

interface Kept {
  readonly account: ProviderAccount;
  /** S256 of what only the front end that began knows, so that a code in somebody's address bar is no sign-in. */
  readonly challenge: string;
}

/** Codes that carry a finished sign-in to the front end, which exchanges them: no token is ever in an address. */
export interface SignInCodes {
  issue(kept: Kept): Promise<string>;
  /** Whose sign-in it is, for whoever knows the verifier. Does not use the code up. */
  look(code: string, verifier: string): Promise<ProviderAccount | undefined>;
  /** @returns false when somebody used it up before */
  use(code: string): Promise<boolean>;
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("base64url");
const keyOf = (code: string) => `google:code:${sha256(code)}`;

export function createSignInCodes(redis: Redis): SignInCodes {
  return {
    async issue(kept) {
      const code = randomBytes(32).toString("base64url");
      await reachable(redis.set(keyOf(code), JSON.stringify(kept), "PX", codeLifetimeMs));
      return code;
    },
    async look(code, verifier) {
      const found = await reachable(redis.get(keyOf(code)));
      if (!found) return undefined;
      const { account, challenge } = JSON.parse(found) as Kept;
      const [made, wanted] = [Buffer.from(sha256(verifier)), Buffer.from(challenge)];
      return made.length === wanted.length && timingSafeEqual(made, wanted) ? account : undefined;
    },
    use: async (code) => (await reachable(redis.del(keyOf(code)))) === 1,
  };
}
