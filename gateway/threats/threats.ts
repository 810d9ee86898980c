import type { Log } from "#observability/log";
import type { Metrics } from "#observability/metrics";
import { addressBlock, Blocks, pairBlock } from "./blocks.ts";
import { reasonsOf, type Score, Scores } from "./scores.ts";
import type { Signal, ThreatPolicy } from "./threat-policy.ts";

const mostScores = 20_000;
const mostBlocks = 10_000;
/** Who was blocked before, and not for this long, begins anew. */
const forgiveAfterMs = 3_600_000;

/** Tells other gateways, as far as they can be told. Never waits and never throws. */
export interface ThreatNews {
  blocked(key: string, forMs: number): void;
  pardoned(key: string): void;
}

export interface ThreatsOptions {
  /** Of now; undefined: nothing is watched. */
  readonly policy: () => ThreatPolicy | undefined;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Milliseconds that only go forward: a clock that is set must not end or prolong a block. */
  readonly now?: () => number;
  readonly news?: ThreatNews | undefined;
  readonly mostScores?: number;
}

export interface ThreatsView {
  readonly watching: boolean;
  readonly scores: number;
  readonly blocked: readonly { readonly key: string; readonly seconds: number }[];
  readonly top: readonly {
    readonly key: string;
    readonly points: number;
    readonly flagged: boolean;
    readonly blocks: number;
    readonly reasons: Partial<Record<Signal, number>>;
  }[];
}

/**
 * Adds up what goes wrong by address, by account and by both together. An address, or an account as used from one address,
 * can be blocked for a while; an account alone never is, else anybody could lock its owner out.
 */
export class Threats {
  readonly #scores: Scores;
  readonly #blocks = new Blocks(mostBlocks);
  readonly #now: () => number;
  readonly #counted;
  readonly #flagged;
  readonly #blocked;

  constructor(private readonly options: ThreatsOptions) {
    const { metrics } = options;
    this.#scores = new Scores(options.mostScores ?? mostScores);
    this.#now = options.now ?? (() => performance.now());
    this.#counted = metrics.counter(
      "gateway_threat_signals_total",
      "What went wrong, and tells of its cause",
      ["signal"],
    );
    this.#flagged = metrics.counter("gateway_threats_flagged_total", "Scores that became high", ["of"]);
    this.#blocked = metrics.counter("gateway_threats_blocked_total", "Blocks that began here", ["of"]);
    metrics.gauge("gateway_blocked", "Addresses, and accounts at an address, that may not call now", [], () =>
      this.#blocks.count(this.#now()),
    );
  }

  /** Whether to ask at all. */
  get anyBlock(): boolean {
    return this.#blocks.any;
  }
  get anyPairBlock(): boolean {
    return this.#blocks.anyPair;
  }

  /** @param address by which limits count, too. @returns milliseconds; zero or less: not blocked */
  addressBlockedFor(address: string): number {
    return this.#blocks.left(addressBlock(address), this.#now());
  }
  /** Whether to look at a credential that is not known, from an address that is blocked. Only so many are, a second. */
  mayLook(address: string): boolean {
    return this.#blocks.mayLook(addressBlock(address), this.#now());
  }
  pairBlockedFor(address: string, account: string): number {
    return this.#blocks.left(pairBlock(address, account), this.#now());
  }

  /** @param address left out where it is not the client's own. @param account of the caller, or the one that it tried */
  note(signal: Signal, address: string | undefined, account: string | undefined): void {
    const policy = this.options.policy();
    if (!policy) return;
    this.#counted.inc({ signal });
    const weight = policy.weights[signal];
    if (weight === 0) return;
    if (address !== undefined) this.#add("address", addressBlock(address), signal, weight, policy);
    if (account !== undefined) this.#add("account", account, signal, weight, policy);
    if (address !== undefined && account !== undefined)
      this.#add("pair", pairBlock(address, account), signal, weight, policy);
  }

  #add(
    of: "address" | "account" | "pair",
    key: string,
    signal: Signal,
    weight: number,
    policy: ThreatPolicy,
  ) {
    const now = this.#now();
    const score = this.#scores.add(key, signal, weight, now, policy.halfLifeMs);
    const { flagAbove, block } = policy;
    if (score.points - weight < flagAbove / 2) score.flagged = false;
    if (score.points >= flagAbove && !score.flagged) {
      score.flagged = true;
      this.#flagged.inc({ of });
      this.options.log.warn(
        { threat: key, points: Math.round(score.points), reasons: reasonsOf(score) },
        "threat",
      );
    }
    if (block && of !== "account" && score.points >= block.above && score.blockedUntil <= now)
      this.#block(of, score, now, block);
  }

  /** Each time for twice as long as the time before. */
  #block(
    of: "address" | "pair",
    score: Score,
    now: number,
    { forMs, atMostMs }: NonNullable<ThreatPolicy["block"]>,
  ) {
    if (now - score.blockedUntil > forgiveAfterMs) score.blocks = 0;
    const ms = Math.min(atMostMs, forMs * 2 ** score.blocks);
    score.blocks += 1;
    score.blockedUntil = now + ms;
    this.#blocks.set(score.key, now + ms);
    this.#blocked.inc({ of });
    this.options.log.warn(
      { threat: score.key, seconds: ms / 1000, reasons: reasonsOf(score) },
      "blocked for a while",
    );
    this.options.news?.blocked(score.key, ms);
  }

  /** Another gateway has blocked it. */
  blockedElsewhere(key: string, forMs: number): void {
    const policy = this.options.policy();
    if (!policy?.block || forMs <= 0) return;
    this.#blocks.set(key, this.#now() + Math.min(forMs, policy.block.atMostMs));
  }

  /** @returns whether there was anything to forget */
  pardon(key: string): boolean {
    const known = this.pardonedElsewhere(key);
    // Others may know what is not known here.
    this.options.news?.pardoned(key);
    if (known) this.options.log.info({ threat: key }, "pardoned");
    return known;
  }

  pardonedElsewhere(key: string): boolean {
    const blocked = this.#blocks.delete(key);
    return this.#scores.delete(key) || blocked;
  }

  /** The most remarkable, for operators; names no secret. */
  view(most = 50): ThreatsView {
    const now = this.#now();
    const policy = this.options.policy();
    this.#blocks.count(now);
    const blocked = [...this.#blocks.entries()].map(([key, until]) => ({
      key,
      seconds: Math.ceil((until - now) / 1000),
    }));
    return {
      watching: policy !== undefined,
      scores: this.#scores.size,
      blocked: blocked.sort((a, b) => b.seconds - a.seconds).slice(0, most),
      top: this.#scores.top(most, now, policy?.halfLifeMs ?? 1).map(({ score, points }) => ({
        key: score.key,
        points: Math.round(points * 10) / 10,
        flagged: score.flagged,
        blocks: score.blocks,
        reasons: reasonsOf(score),
      })),
    };
  }
}
