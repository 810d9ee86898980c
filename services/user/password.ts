import { availableParallelism } from "node:os";
import { hash, parseOptions, verify } from "@node-rs/argon2";

/** OWASP's argon2id setting: 19 MiB, two passes, one lane. The library's default algorithm is argon2id. */
export const argon2Parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Hashing is refused because too many wait already. */
export class HashingBusy extends Error {
  override readonly name = "HashingBusy";
}

export type Passwords = Awaited<ReturnType<typeof createPasswords>>;

/**
 * Hashes and checks passwords, at most `concurrency` at a time (19 MiB and 15 ms of one core each), by default on all
 * cores but one. The rest waits in a queue of `maxWaiting`, some two seconds long, so that a flood of sign-ins takes
 * neither all memory nor the core that answers everybody else.
 * @throws HashingBusy from each function when the queue is full
 */
export async function createPasswords({
  concurrency = Math.max(1, availableParallelism() - 1),
  maxWaiting = 128,
}: {
  concurrency?: number;
  maxWaiting?: number;
} = {}) {
  const limited = createLimit(concurrency, maxWaiting);
  const hashOf = (password: string) => hash(password.normalize("NFKC"), argon2Parameters);
  // Nobody's: checked against when the address is unknown, so that this takes as long as a wrong password.
  const nobodysHash = await hashOf(crypto.randomUUID());
  return {
    hash: (password: string): Promise<string> => limited(() => hashOf(password)),

    /** Whether the password belongs to the hash; always false, in the same time, when there is no hash. */
    async matches(stored: string | undefined, password: string): Promise<boolean> {
      const matched = await limited(() => verify(stored ?? nobodysHash, password.normalize("NFKC")));
      return matched && stored !== undefined;
    },

    /** Whether a hash was made with other parameters than today's. */
    isOutdated(stored: string): boolean {
      const { memoryCost, timeCost, parallelism } = parseOptions(stored);
      return (
        memoryCost !== argon2Parameters.memoryCost ||
        timeCost !== argon2Parameters.timeCost ||
        parallelism !== argon2Parameters.parallelism
      );
    },
  };
}

function createLimit(concurrency: number, maxWaiting: number) {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= concurrency) {
      if (waiting.length >= maxWaiting)
        throw new HashingBusy(`${waiting.length} passwords wait to be hashed`);
      // The place of the one that ends is handed over, so `running` stays as it is.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      running++;
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
