import { createHash } from "node:crypto";
import type { Visitor } from "../session.ts";
import { normaliseEmail } from "../user.ts";
import { networkOf } from "../visitor.ts";
import type { AttemptCounters } from "./attempt-counters.ts";
import type { AttemptRate } from "./attempt-rules.ts";

export interface TooManyAttempts {
  readonly refused: "too-many-attempts";
  /** Which limit it was; none of them tells whether the account exists. */
  readonly limit:
    | "sign-in-address"
    | "sign-in-account"
    | "sign-in-delay"
    | "registration-address"
    | "password-check";
  readonly retryAfterSeconds: number;
}

/** Failed sign-ins from one address, whatever the account: credential stuffing. */
const failuresPerAddress: AttemptRate = { burst: 30, intervalMs: 10_000 };
/** Failed sign-ins to one account from addresses that never signed in to it: guessing from many places. */
const failuresPerAccount: AttemptRate = { burst: 20, intervalMs: 30_000 };
/** Attempts to register, whatever comes of them: the answer tells whether an address has an account. */
const registrationsPerAddress: AttemptRate = { burst: 20, intervalMs: 180_000 };

export type SignInLimits = ReturnType<typeof createSignInLimits>;

/**
 * How often somebody may try. An account that does not exist is counted like any other. An attacker cannot lock the owner
 * out: from an address that signed in before, only that address's own mistakes make anybody wait, 30 s at most.
 */
export function createSignInLimits(counters: AttemptCounters) {
  const pair = (account: string, network: string) => `delay:${account}:${network}`;

  return {
    /** Counts an attempt as failed. To be asked before the password is looked at. */
    async beforeSignIn(email: string, { address }: Visitor): Promise<TooManyAttempts | undefined> {
      const account = accountKey(email);
      const network = networkOf(address);
      if (network !== "") {
        const delayed = await counters.attempt(pair(account, network));
        if (delayed > 0) return refusal("sign-in-delay", delayed);
        const crowded = await counters.take(`address:${network}`, failuresPerAddress);
        if (crowded > 0) return refusal("sign-in-address", crowded);
        if (await counters.knows(`known:${account}`, network)) return undefined;
      }
      const guessed = await counters.take(`account:${account}`, failuresPerAccount);
      return guessed > 0 ? refusal("sign-in-account", guessed) : undefined;
    },

    /** The attempt was none of an attacker: what it took is given back, and the address is known from now on. */
    async afterSignIn(email: string, { address }: Visitor): Promise<void> {
      const account = accountKey(email);
      const network = networkOf(address);
      const known = network !== "" && (await counters.knows(`known:${account}`, network));
      // From a known address nothing was taken; giving it back all the same would be a guess for somebody else.
      if (!known) await counters.giveBack(`account:${account}`, failuresPerAccount);
      if (network === "") return;
      await counters.giveBack(`address:${network}`, failuresPerAddress);
      await counters.forget(pair(account, network));
      await counters.remember(`known:${account}`, network);
    },

    async beforeRegistration({ address }: Visitor): Promise<TooManyAttempts | undefined> {
      if (address === "") return undefined;
      const wait = await counters.take(`register:${networkOf(address)}`, registrationsPerAddress);
      return wait > 0 ? refusal("registration-address", wait) : undefined;
    },

    /** Somebody who is signed in and has to give the password again. */
    async beforePasswordCheck(userId: string): Promise<TooManyAttempts | undefined> {
      const wait = await counters.attempt(`password:${userId}`);
      return wait > 0 ? refusal("password-check", wait) : undefined;
    },
    afterPasswordCheck: (userId: string): Promise<void> => counters.forget(`password:${userId}`),
  };
}

const refusal = (limit: TooManyAttempts["limit"], waitMs: number): TooManyAttempts => ({
  refused: "too-many-attempts",
  limit,
  retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
});

/** Hashed, so that the counters are no list of who has an account. */
const accountKey = (email: string): string =>
  createHash("sha256")
    .update(normaliseEmail(email) ?? email)
    .digest("base64url")
    .slice(0, 22);
