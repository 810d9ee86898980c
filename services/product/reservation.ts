/** One line of an order: `quantity` pieces of a product. */
export interface Item {
  readonly productId: string;
  readonly quantity: number;
}

/**
 * Items as the store wants them: one line a product, sorted by product, so that the same order is always the same lines
 * and every caller locks in the same order. Ids are lower case, as PostgreSQL gives them back.
 */
export function mergeItems(items: readonly Item[]): Item[] {
  const quantities = new Map<string, number>();
  for (const { productId, quantity } of items) {
    const id = productId.toLowerCase();
    quantities.set(id, (quantities.get(id) ?? 0) + quantity);
  }
  return [...quantities]
    .map(([productId, quantity]) => ({ productId, quantity }))
    .sort((a, b) => (a.productId < b.productId ? -1 : 1));
}

/** What is left of a product after a change. `onHand` is free to sell: reserved pieces are not in it. */
export interface StockLevel {
  readonly productId: string;
  readonly onHand: number;
  readonly reserved: number;
}

export interface Shortage extends Item {
  readonly available: number;
}

export type HoldRefusal =
  | { readonly refused: "insufficient-stock"; readonly short: readonly Shortage[] }
  | { readonly refused: "reservation-released" }
  | { readonly refused: "reservation-mismatch" };

export type ConfirmRefusal =
  | { readonly refused: "reservation-not-found" }
  | { readonly refused: "reservation-expired" }
  | { readonly refused: "reservation-released" };
