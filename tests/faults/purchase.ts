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
  readonly payment: PaymentMethod;
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

/** `agrees` is what the buyer does on PayPal's or the bank's page, for an order that waits there; without it, nothing. */
export interface PaymentMethod {
  readonly type: "card" | "paypal";
  readonly token: string;
  readonly agrees?: boolean;
  /** Whoever buys so goes back on it in the end. */
  readonly cancels?: true;
}

/** A buyer who leaves the bank's page open: the order ends when the time for that is over. */
const neverActs = "pm_card_threeDSecure2Required never";
/** Buyers whose dispute nobody tells of: it is found when the books are compared, some time later. */
const untold = ["pm_sandbox_untoldDispute", "paypal untold"] as const;

/** Ways to pay: test cards by their names, and at PayPal what the order there does; services/payment/README.md has both. */
const waysToPay = [
  [35, "pm_card_visa"],
  [7, "pm_card_chargeDeclined"],
  [4, "pm_sandbox_timeoutAfterCharging"],
  [3, "pm_sandbox_slow"],
  [8, "pm_sandbox_lateWebhook"],
  [10, "pm_sandbox_duplicateWebhook"],
  // 3-D Secure.
  [3, "pm_card_threeDSecure2Required agrees"],
  [1, "pm_card_threeDSecure2Required refuses"],
  [2, neverActs],
  [3, "pm_card_createDispute"],
  [2, "paypal dispute"],
  [2, untold[0]],
  [2, untold[1]],
  // The refund counts as done and comes back two seconds later; the next one stays.
  [2, "pm_sandbox_refundFailsOnce cancels"],
  [2, "paypal refundfailonce"],
  // PayPal takes the payment back at the word of the buyer's bank.
  [2, "paypal reversed"],
  [8, "paypal success"],
  [2, "paypal decline"],
  [2, "paypal timeout"],
  [2, "paypal late"],
  [3, "paypal duplicate"],
  [3, "paypal approval"],
  [1, "paypal refused"],
  [1, "paypal differs"],
  // The same approval again, for the same things and the same price: it pays only once.
  [2, "paypal used"],
] as const;

export type PaymentWeights = readonly (readonly [weight: number, way: string])[];

/** The same without those whose orders or disputes end late. */
export const waysThatEndSoon: PaymentWeights = waysToPay.filter(
  ([, way]) => way !== neverActs && way !== untold[0] && way !== untold[1],
);

/** Something that somebody may want: often of what is scarce. @param last who paid by PayPal before: the approval may be used again */
export function drawPurchase(
  shop: Shop,
  random: Random,
  weights: PaymentWeights = waysToPay,
  last?: Purchase,
): Purchase {
  const way = random.weighted(weights);
  const known = { key: randomUUID(), startedAt: new Date(), wrong: [], tries: [] };
  if (way === "paypal used" && last) {
    const { token, items, total, payment } = last;
    return { ...known, token, items, total, payment };
  }
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
  const total = wanted.reduce((sum, { product, quantity }) => sum + product.price * quantity, 0);
  return {
    ...known,
    token: random.oneOf(shop.people),
    items: wanted.map(({ product, quantity }) => ({ productId: product.id, quantity })),
    total,
    payment: paymentBy(way, total),
  };
}

const letters = "ghijklmnop";

function paymentBy(way: string, total: number): PaymentMethod {
  const [provider, does = ""] = way.split(" ");
  if (provider !== "paypal") {
    const decides = does === "agrees" || does === "refuses";
    return {
      type: "card",
      token: provider ?? way,
      ...(decides && { agrees: does === "agrees" }),
      ...(does === "cancels" && { cancels: true }),
    };
  }
  const behaviour = { refused: "approval", used: "success", differs: "success" }[does] ?? does;
  // Approved for another price than is owed: nothing may be taken.
  const amount = does === "differs" ? total - 1 : total;
  return {
    type: "paypal",
    // Without digits: thirteen of them in a row would be a card number.
    token: `SANDBOX_${behaviour}_${amount}_EUR_${randomUUID().replace(/[-\d]/g, (digit) => letters[Number(digit)] ?? "z")}`,
    ...(behaviour === "approval" && { agrees: does === "approval" }),
    ...(behaviour === "refundfailonce" && { cancels: true }),
  };
}
