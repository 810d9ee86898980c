import type { Log } from "#observability/log";
import { type FetchedKeys, fetchJwks } from "./fetch-jwks.ts";
import { chooseKey, type KeySource } from "./key-source.ts";
import type { VerifyingKey } from "./read-jwks.ts";

/** All in milliseconds. */
export interface JwksTimes {
  /** Bounds for the `max-age` of the issuer, and what holds where it gives none. */
  readonly freshLeast: number;
  readonly freshMost: number;
  readonly freshDefault: number;
  /** After a fetch for a key id that was not known: within this time every unknown id is refused at once. */
  readonly cooldown: number;
  /** How long the last good keys are used while the issuer gives none. */
  readonly keepMost: number;
  /** Between attempts after a failure; doubled up to the second. */
  readonly retryFirst: number;
  readonly retryMost: number;
}

/**
 * An issuer publishes a key before it signs with it, so keys that are ten minutes old at most know it in time.
 * A day of outage is longer than any that was left alone, and no longer: a key that was withdrawn because it leaked
 * must not be good for ever only because the issuer cannot be asked.
 */
export const jwksTimes: JwksTimes = {
  freshLeast: 30_000,
  freshMost: 600_000,
  freshDefault: 300_000,
  cooldown: 2000,
  keepMost: 24 * 3_600_000,
  retryFirst: 1000,
  retryMost: 30_000,
};

/** Fetched again at this part of their time, so that nobody ever waits for keys that are known. */
const aheadOfExpiry = 0.75;

export interface JwksOptions {
  readonly url: string;
  readonly log?: Log | undefined;
  readonly fetch?: typeof globalThis.fetch;
  /** A clock that nobody sets, in milliseconds: keys do not age by a jump of the other one. */
  readonly elapsed?: () => number;
  readonly times?: JwksTimes;
}

/** The keys that an issuer publishes, kept fresh from the first time they are asked for. */
export function createJwks(options: JwksOptions): KeySource {
  return new Jwks(options);
}

class Jwks implements KeySource {
  readonly #options: Required<Omit<JwksOptions, "log">> & { readonly log: Log | undefined };
  #keys: ReadonlyMap<string, VerifyingKey> = new Map();
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #freshMs = 0;
  #failures = 0;
  #triedAt = Number.NEGATIVE_INFINITY;
  #underWay: Promise<void> | undefined;
  /** When a fetch for an unknown id ended last. */
  #soughtAt = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor({ url, log, fetch = globalThis.fetch, elapsed, times = jwksTimes }: JwksOptions) {
    this.#options = { url, log, fetch, elapsed: elapsed ?? (() => performance.now()), times };
  }

  find: KeySource["find"] = (id, algorithm) =>
    this.#usable() ? chooseKey(this.#keys, id, algorithm) : undefined;

  seek: KeySource["seek"] = async (id, algorithm) => {
    const { elapsed, times } = this.#options;
    if (this.#underWay) await this.#underWay;
    else if (!this.#usable()) await this.warm();
    else if (!this.#keys.has(id) && elapsed() - this.#soughtAt >= times.cooldown) {
      await this.#fetch();
      this.#soughtAt = elapsed();
    }
    const found = this.find(id, algorithm);
    if (found) return found;
    // An issuer that cannot be asked may have a key by now that is not known here.
    return this.#usable() && (this.#failures === 0 || this.#keys.has(id)) ? "unknown" : "unavailable";
  };

  warm: KeySource["warm"] = async () => {
    if (this.#usable()) return;
    const { elapsed, times } = this.#options;
    // Without keys each request would ask; the issuer that is away must not be run over when it is back.
    if (!this.#underWay && elapsed() - this.#triedAt < times.retryFirst / 2) return;
    await this.#fetch();
  };

  state: KeySource["state"] = () => {
    const ageMs = this.#options.elapsed() - this.#fetchedAt;
    return {
      url: this.#options.url,
      keys: this.#usable() ? this.#keys.size : 0,
      ageSeconds: ageMs / 1000,
      stale: ageMs > this.#freshMs,
    };
  };

  close = (): void => {
    this.#closed = true;
    clearTimeout(this.#timer);
  };

  #usable(): boolean {
    return this.#options.elapsed() - this.#fetchedAt <= this.#options.times.keepMost;
  }

  /** Never throws: what comes of it is seen in the keys. */
  #fetch(): Promise<void> {
    this.#underWay ??= this.#fetchOnce().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  async #fetchOnce(): Promise<void> {
    const { url, log, fetch, elapsed, times } = this.#options;
    try {
      this.#take(await fetchJwks(url, fetch));
      if (this.#failures > 0) log?.info({ url, keys: this.#keys.size }, "the issuer's keys are there again");
      this.#failures = 0;
      this.#plan(this.#freshMs * aheadOfExpiry);
    } catch (error) {
      this.#failures += 1;
      const retryMs = Math.min(times.retryFirst * 2 ** (this.#failures - 1), times.retryMost);
      const ageSeconds = this.state().ageSeconds;
      if (this.#failures === 1) log?.warn({ err: error, url, ageSeconds }, "the issuer's keys cannot be had");
      this.#plan(retryMs);
    }
    this.#triedAt = elapsed();
  }

  /** Keys that stay keep their object, so that what was verified with them stays good; the others are withdrawn. */
  #take({ keys, maxAgeMs }: FetchedKeys): void {
    const { elapsed, times } = this.#options;
    const next = new Map<string, VerifyingKey>();
    for (const key of keys) {
      const known = this.#keys.get(key.id);
      next.set(key.id, known?.text === key.text ? known : key);
    }
    for (const [id, key] of this.#keys) if (next.get(id) !== key) key.withdrawn = true;
    this.#keys = next;
    this.#fetchedAt = elapsed();
    this.#freshMs = Math.min(Math.max(maxAgeMs ?? times.freshDefault, times.freshLeast), times.freshMost);
  }

  /** A tenth earlier or not, so that processes that started together do not ask together for ever. */
  #plan(inMs: number): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.#fetch(), inMs * (0.9 + Math.random() * 0.1));
    this.#timer.unref();
  }
}
