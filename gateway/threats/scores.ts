import { type Signal, signals } from "./threat-policy.ts";

/** What one address, account, or pair of them has done lately. */
export interface Score {
  readonly key: string;
  /** As of `at`. */
  points: number;
  at: number;
  /** By the place of the signal in `signals`. */
  readonly counts: number[];
  flagged: boolean;
  /** How often it was blocked, and until when the last time. */
  blocks: number;
  blockedUntil: number;
}

/** The scores of those who failed last; who did not for the longest time is forgotten first. */
export class Scores {
  readonly #scores = new Map<string, Score>();

  /** @param most that are kept: memory does not grow with the number of attackers */
  constructor(private readonly most: number) {}

  get size(): number {
    return this.#scores.size;
  }

  add(key: string, signal: Signal, weight: number, now: number, halfLifeMs: number): Score {
    const score = this.#scores.get(key) ?? newScore(key, now);
    // Deleted and set again it is the youngest of the map.
    this.#scores.delete(key);
    this.#scores.set(key, score);
    if (this.#scores.size > this.most) this.#forgetOldest();
    score.points = pointsAt(score, now, halfLifeMs) + weight;
    score.at = now;
    const at = signals.indexOf(signal);
    score.counts[at] = (score.counts[at] ?? 0) + 1;
    return score;
  }

  delete(key: string): boolean {
    return this.#scores.delete(key);
  }

  /** The highest first. */
  top(most: number, now: number, halfLifeMs: number): { readonly score: Score; readonly points: number }[] {
    return [...this.#scores.values()]
      .map((score) => ({ score, points: pointsAt(score, now, halfLifeMs) }))
      .sort((a, b) => b.points - a.points)
      .slice(0, most);
  }

  #forgetOldest(): void {
    for (const oldest of this.#scores.keys()) {
      this.#scores.delete(oldest);
      return;
    }
  }
}

const newScore = (key: string, now: number): Score => ({
  key,
  points: 0,
  at: now,
  counts: signals.map(() => 0),
  flagged: false,
  blocks: 0,
  blockedUntil: 0,
});

function pointsAt({ points, at }: Score, now: number, halfLifeMs: number): number {
  return points * 0.5 ** (Math.max(0, now - at) / halfLifeMs);
}

/** By name, without those that did not occur. */
export const reasonsOf = ({ counts }: Score): Partial<Record<Signal, number>> =>
  Object.fromEntries(signals.map((signal, at) => [signal, counts[at]]).filter(([, count]) => count));
