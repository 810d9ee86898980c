export interface SettledCharges {
  /** @param reference the provider's id of a charge that this process knows to be booked */
  add(reference: string): void;
  has(reference: string): boolean;
}

/**
 * Remembers the last charges that are booked, so that their webhooks, one for each order, cost no query. Forgetting
 * one is harmless: the store is asked then.
 */
export function createSettledCharges(limit = 10_000): SettledCharges {
  const known = new Set<string>();
  return {
    add(reference) {
      known.add(reference);
      if (known.size <= limit) return;
      // A Set keeps the order of insertion, so the first is the oldest.
      for (const oldest of known) {
        known.delete(oldest);
        return;
      }
    },
    has: (reference) => known.has(reference),
  };
}
