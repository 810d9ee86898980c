import type { Transaction } from "#mesh/postgres/sql";
import { decimal } from "./decimal.ts";
import { findScored, type Score, type ScoredRow, updateScores } from "./product-store.ts";
import { median, scoreOf, scoreParts } from "./sustainability-score.ts";

/**
 * Works out the scores of all products in these categories again, because a score measures a product against the
 * medians of its category. Writes only those that moved.
 */
export async function rescoreCategories(tx: Transaction, categoryIds: readonly string[]): Promise<void> {
  const byCategory = new Map<string, ScoredRow[]>();
  for (const row of await findScored(tx, categoryIds)) {
    const rows = byCategory.get(row.categoryId);
    if (rows) rows.push(row);
    else byCategory.set(row.categoryId, [row]);
  }
  const moved = [...byCategory.values()].flatMap(movedScores);
  if (moved.length > 0) await updateScores(tx, moved);
}

/** The new scores of those products of one category whose score is not what it was. */
function movedScores(rows: readonly ScoredRow[]): Score[] {
  const medianKgCO2e = median(rows.map((row) => decimal(row.kgCO2e))) ?? 0n;
  const medianLifeYears = median(rows.map((row) => row.expectedLifeYears)) ?? 0;
  return rows.flatMap((row) => {
    const parts = scoreParts({ ...row, kgCO2e: decimal(row.kgCO2e), medianKgCO2e, medianLifeYears });
    const before = row.scoreParts;
    const same =
      scoreOf(parts) === row.score &&
      parts.carbon === before.carbon &&
      parts.materials === before.materials &&
      parts.durability === before.durability &&
      parts.repairability === before.repairability;
    return same ? [] : [{ id: row.id, score: scoreOf(parts), scoreParts: parts }];
  });
}
