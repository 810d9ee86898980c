import { approximately, type Decimal, over } from "./decimal.ts";

/** What a score is made of. The carbon and life medians are those of the product's own category. */
export interface ScoreInput {
  readonly kgCO2e: Decimal;
  readonly medianKgCO2e: Decimal;
  /** Percent by mass. */
  readonly recycledPercent: number;
  readonly renewablePercent: number;
  readonly expectedLifeYears: number;
  readonly medianLifeYears: number;
  /** 0 (sealed) to 10 (every part sold and replaceable with common tools). */
  readonly repairability: number;
  readonly certificates: number;
}

/** Points by part; they add up to the score. */
export interface ScoreParts {
  readonly carbon: number;
  readonly materials: number;
  readonly durability: number;
  readonly repairability: number;
  readonly certificates: number;
}

/**
 * Sustainability score of 0 to 100 as its five parts, each a whole number (formula in README.md):
 * carbon 50, materials 25, durability 10, repairability 5, certificates 10.
 */
export function scoreParts(input: ScoreInput): ScoreParts {
  const carbonRatio = input.medianKgCO2e === 0n ? 1 : approximately(over(input.kgCO2e, input.medianKgCO2e));
  const lifeRatio = input.medianLifeYears === 0 ? 1 : input.expectedLifeYears / input.medianLifeYears;
  return {
    carbon: points(50, 1 - carbonRatio / 2),
    materials: points(25, (input.recycledPercent + input.renewablePercent) / 100),
    durability: points(10, lifeRatio / 2),
    repairability: points(5, input.repairability / 10),
    certificates: points(10, input.certificates / 2),
  };
}

export const scoreOf = (parts: ScoreParts): number =>
  parts.carbon + parts.materials + parts.durability + parts.repairability + parts.certificates;

/** The middle value, the lower of the two middle ones when their count is even: always a value that exists. */
export function median<T extends bigint | number>(values: readonly T[]): T | undefined {
  const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

const points = (most: number, share: number): number => Math.round(most * Math.min(1, Math.max(0, share)));
