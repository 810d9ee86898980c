/** How the list can be ordered; a minus means from high to low. `newest` is from young to old. */
export const sorts = [
  "relevance",
  "price",
  "-price",
  "score",
  "-score",
  "carbon",
  "-carbon",
  "newest",
  "name",
] as const;
export type Sort = (typeof sorts)[number];

/** What the list is narrowed down by. */
export interface ProductFilter {
  /** A prefix query in PostgreSQL's tsquery syntax; "" finds nothing; null finds all. */
  readonly words: string | null;
  readonly categoryIds: readonly string[] | null;
  readonly minScore: number | null;
  /** Minor units. */
  readonly maxPrice: number | null;
}

/** The place after which a page starts: the sort key of the last product, as text, and its id. */
export interface Place {
  readonly key: string;
  readonly id: string;
}

/**
 * Free text as a tsquery in which every word may go on: `bamb bott` → `'bamb':* & 'bott':*`. Nothing but letters and
 * digits gets into it, so no text can break the syntax.
 */
export function prefixQuery(text: string): string {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.map((word) => `'${word}':*`).join(" & ");
}

/** What the key of a place looks like, by sort: a cursor that was tampered with must not reach the database. */
export const keyPatterns = {
  relevance: /^\d{1,6}(\.\d{1,6})?$/,
  price: /^\d{1,15}$/,
  "-price": /^\d{1,15}$/,
  score: /^\d{1,3}$/,
  "-score": /^\d{1,3}$/,
  carbon: /^\d{1,11}(\.\d{1,3})?$/,
  "-carbon": /^\d{1,11}(\.\d{1,3})?$/,
  newest: /^\d{1,16}$/,
  name: /^\P{Cc}{1,800}$/u,
} satisfies Record<Sort, RegExp>;
