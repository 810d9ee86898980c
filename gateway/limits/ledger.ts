import type { Ask, Grant } from "./ledger-queue.ts";

/** Where the processes keep their counts together. Whatever goes wrong there rejects. */
export interface Ledger {
  /** Whether there is a connection; without one nothing is asked. */
  readonly isReady: boolean;
  /** @returns its time in ms since the epoch, and a grant for each of the batch */
  exchange(batch: readonly Ask[]): Promise<{ at: number; grants: Grant[] }>;
  /** Tells that this process lives. @returns its time, and how many processes live */
  announce(): Promise<{ at: number; processes: number }>;
  leave(): Promise<void>;
}
