import { readJwks, type VerifyingKey } from "./read-jwks.ts";
import type { SignatureAlgorithm } from "./signature-algorithm.ts";

/** How an issuer's keys stand. */
export interface KeyState {
  /** Where they come from; empty for keys that were given. */
  readonly url: string;
  /** How many there are to verify with. */
  readonly keys: number;
  /** Since they were last fetched. Infinity when they never were. */
  readonly ageSeconds: number;
  /** They should have been fetched again by now, and could not be. */
  readonly stale: boolean;
}

/** Where a verifier finds the key that a token names. */
export interface KeySource {
  /** The key, if it is known, without waiting. */
  find(id: string, algorithm: SignatureAlgorithm): VerifyingKey | undefined;
  /** Looks further for a key that is not known. `unavailable`: it cannot be told whether there is one. */
  seek(id: string, algorithm: SignatureAlgorithm): Promise<VerifyingKey | "unknown" | "unavailable">;
  /** Sees to it that keys are there. */
  warm(): Promise<void>;
  state(): KeyState;
  close(): void;
}

/** The key of that name; one without a name is meant where there is only one (RFC 7515 §4.1.4 leaves it to the parties). */
export function chooseKey(
  keys: ReadonlyMap<string, VerifyingKey>,
  id: string,
  algorithm: SignatureAlgorithm,
): VerifyingKey | undefined {
  const only = id === "" && keys.size === 1 ? keys.values().next().value : undefined;
  const key = only ?? keys.get(id);
  return key?.algorithms.includes(algorithm) ? key : undefined;
}

/** Keys that were given and do not change. @throws Error that says what is wrong with them */
export function givenKeys(document: object): KeySource {
  const read =
    "keys" in document && Array.isArray(document.keys) && document.keys.length === 0
      ? []
      : readJwks(document);
  if (typeof read === "string") throw new Error(`The keys cannot be taken: ${read}`);
  const keys = new Map(read.map((key) => [key.id, key]));
  return {
    find: (id, algorithm) => chooseKey(keys, id, algorithm),
    seek: () => Promise.resolve("unknown"),
    warm: () => Promise.resolve(),
    state: () => ({ url: "", keys: keys.size, ageSeconds: 0, stale: false }),
    close: () => {},
  };
}
