import type { Account } from "./account.ts";
import type { Ask, Grant } from "./ledger-queue.ts";

/**
 * What a process signs that it has done since Redis was away: it lives; what it was told last is there again, should Redis
 * have lost it; what it let in meanwhile is told. Who has not missed Redis signs them all.
 */
export const steps = ["lives", "restored", "told"] as const;
export type Step = (typeof steps)[number];

/** What a sign of life is answered. */
export interface Presence {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** That live. */
  readonly processes: number;
  /** That have signed the same step since the time that was asked about. */
  readonly signed: number;
  /** Another one when Redis has started anew, and may have lost its data. */
  readonly life: string;
}

/** Where the processes keep their counts together. Whatever goes wrong there rejects. */
export interface Ledger {
  /** Whether there is a connection, and a sign of life was answered over it; without one nothing is asked. */
  readonly isReady: boolean;
  /** @returns its time in ms since the epoch, and a grant for each of the batch */
  exchange(batch: readonly Ask[]): Promise<{ at: number; grants: Grant[] }>;
  /** Sees to it that the states of these accounts are at least as far as they were told last. */
  restore(accounts: readonly Account[]): Promise<void>;
  /** @param since milliseconds since the epoch */
  announce(step: Step, since: number): Promise<Presence>;
  leave(): Promise<void>;
}
