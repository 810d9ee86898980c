import { randomUUID } from "node:crypto";
import type { Random } from "./random.ts";
import type { Shop, ShopProduct } from "./shop.ts";

/** What the buyer was told for good. */
export interface Told {
  readonly status: number;
  readonly text: string;
}

/** One thing that somebody wants to buy, under one Idempotency-Key, with everything that was heard of it. */
export interface Purchase {
  readonly key: string;
  readonly token: string;
  readonly items: readonly { readonly productId: string; readonly quantity: number }[];
  readonly total: number;
  readonly card: string;
  readonly startedAt: Date;
  /** The first final answer; every later one has to be the same. */
  told?: Told;
  orderId?: string;
  /** The cancellation was accepted. */
  cancelled?: true;
  /** Somebody asked to cancel it, with whatever success. */
  cancelAsked?: true;
  /** What was answered that must not be, in words. */
  readonly wrong: string[];
  /** Each try with its outcome, for the history of a violation. */
  readonly tries: string[];
}

/** Weights of test tokens; see services/payment/README.md for what they do. */
const cards = [
  [58, "pm_card_visa"],
  [9, "pm_card_chargeDeclined"],
  [5, "pm_sandbox_timeoutAfterCharging"],
  [4, "pm_sandbox_slow"],
  [10, "pm_sandbox_lateWebhook"],
  [14, "pm_sandbox_duplicateWebhook"],
] as const;

export type CardWeights = readonly (readonly [weight: number, token: string])[];

/** Something that somebody may want: often of what is scarce. */
export function drawPurchase(shop: Shop, random: Random, weights: CardWeights = cards): Purchase {
  const chosen = new Set<ShopProduct>();
  const lines = random.weighted([
    [6, 1],
    [3, 2],
    [1, 3],
  ] as const);
  while (chosen.size < lines) {
    chosen.add(
      random.fraction() < 0.3 && shop.hot.length > 0 ? random.oneOf(shop.hot) : random.oneOf(shop.products),
    );
    if (chosen.size >= shop.products.length) break;
  }
  const wanted = [...chosen].map((product) => ({ product, quantity: random.between(1, 2) }));
  return {
    key: randomUUID(),
    token: random.oneOf(shop.people),
    items: wanted.map(({ product, quantity }) => ({ productId: product.id, quantity })),
    total: wanted.reduce((sum, { product, quantity }) => sum + product.price * quantity, 0),
    card: random.weighted(weights),
    startedAt: new Date(),
    wrong: [],
    tries: [],
  };
}
