/** Enough for a house full of people whose tokens are new; a flood of made-up ones costs no more than that. */
const looksASecond = 10;

/** Who may not call for a while, and until when. Bounded: of more, those who came first go first. */
export class Blocks {
  readonly #until = new Map<string, number>();
  #pairs = 0;
  /** Of `#second`: how often somebody there was looked at all the same. */
  readonly #looks = new Map<string, number>();
  #second = 0;

  constructor(private readonly most: number) {}

  /** Asked by every request, so that nothing is looked up, or made, while nobody is blocked. */
  get any(): boolean {
    return this.#until.size > 0;
  }
  get anyPair(): boolean {
    return this.#pairs > 0;
  }

  /** How many there are at `now`; those that are over are forgotten. */
  count(now: number): number {
    for (const [key, until] of this.#until) if (until <= now) this.delete(key);
    return this.#until.size;
  }

  /** In milliseconds; zero or less when it is over. */
  left(key: string, now: number): number {
    const until = this.#until.get(key);
    if (until === undefined) return 0;
    if (until <= now) this.delete(key);
    return until - now;
  }

  /** Whether to look who it is at one that is blocked: so often a second, at most. */
  mayLook(key: string, now: number): boolean {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) this.#looks.clear();
    this.#second = second;
    const looks = this.#looks.get(key) ?? 0;
    if (looks >= looksASecond) return false;
    this.#looks.set(key, looks + 1);
    return true;
  }

  set(key: string, until: number): void {
    this.delete(key);
    if (this.#until.size >= this.most) {
      for (const oldest of this.#until.keys()) {
        this.delete(oldest);
        break;
      }
    }
    this.#until.set(key, until);
    if (isPair(key)) this.#pairs += 1;
  }

  delete(key: string): boolean {
    const was = this.#until.delete(key);
    if (was && isPair(key)) this.#pairs -= 1;
    return was;
  }

  entries(): Iterable<readonly [key: string, until: number]> {
    return this.#until;
  }
}

export const addressBlock = (address: string): string => `address:${address}`;
export const pairBlock = (address: string, account: string): string => `pair:${address} ${account}`;
const isPair = (key: string): boolean => key.startsWith("pair:");
