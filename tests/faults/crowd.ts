import { setTimeout as wait } from "node:timers/promises";
import { buy, cancel } from "./buyer.ts";
import { decideAtBank } from "./decide-at-bank.ts";
import { decideAtPaypal } from "./decide-at-paypal.ts";
import { drawPurchase, type PaymentWeights, type Purchase, waysThatEndSoon } from "./purchase.ts";
import type { Random } from "./random.ts";
import type { Shop } from "./shop.ts";

export interface CrowdOptions {
  readonly gateway: string;
  /** Two processes of the same service: the same request goes to both at once now and then. */
  readonly orderServices: readonly string[];
  /** Where buyers see PayPal's page and the bank's. */
  readonly sandbox: string;
  readonly shop: Shop;
  readonly random: Random;
  readonly buyers: number;
  /** How many begin in a second at most, whoever is free. */
  readonly rate?: number;
  /** Whether somebody who is done goes for the next thing. */
  readonly goOn: (placed: number) => boolean;
  /** How long after the last one began a buyer insists on an answer. */
  readonly patienceMs: number;
  /** Whether a buyer who has no answer yet still wants one. */
  readonly goesOnWaiting?: () => boolean;
  readonly cards?: PaymentWeights;
  /** Until so long after the beginning there are buyers who never act at the bank, and disputes nobody tells of; in ms. */
  readonly lapsingForMs?: number;
  /** Which part of what was placed is cancelled again by its buyer. */
  readonly cancelShare?: number;
  /** Which part of the buyers sends the same request to both processes at once. */
  readonly twiceShare?: number;
  /** Where every purchase is put as soon as it begins. */
  readonly purchases?: Purchase[];
  /** Called with each purchase that was told for good. */
  readonly onTold?: (purchase: Purchase) => void;
}

/** A buyer who has no answer by then lets the request go on and buys the next thing, so that a stuck order stops nobody. */
const turnMs = 1500;
/** Some have agreed before the shop asks PayPal, some long after. */
const longestDecisionMs = 6000;
/** More people than that do not wait. */
const mostWaiting = 300;

const byPaypal = ({ payment }: Purchase): boolean => payment.type === "paypal";

/** People who buy, all at once: most once, some the same twice at the same instant, some again later, some cancel. */
export async function letThemBuy(options: CrowdOptions): Promise<Purchase[]> {
  const { gateway, orderServices, shop, random, buyers, goOn, goesOnWaiting = () => true } = options;
  const { purchases = [], cancelShare = 0.08, twiceShare = 0.12 } = options;

  const waiting = new Set<Promise<void>>();

  async function go(purchase: Purchase): Promise<void> {
    const chance = random.fraction();
    const deadline = performance.now() + options.patienceMs;
    const goesOn = () => performance.now() < deadline && goesOnWaiting();
    const bases = chance < twiceShare ? orderServices : [gateway];
    const when = { afterMs: chance * longestDecisionMs, goesOn };
    const deciding = [decideAtPaypal(purchase, options.sandbox, when), decideAtBank(purchase, options, when)];
    await Promise.all([...deciding, ...bases.map((base) => buy(purchase, base, goesOn))]);
    if (purchase.told) options.onTold?.(purchase);
    if (chance > 0.92) await buy(purchase, gateway, goesOn);
    const cancels = random.fraction() < cancelShare || purchase.payment.cancels;
    if (purchase.orderId === undefined || !cancels) return;
    const racers = random.fraction() < 0.5 ? orderServices : [gateway];
    await Promise.all(racers.map((base) => cancel(purchase, base, goesOn)));
  }

  const began = performance.now();
  let turns = 0;
  async function turn(): Promise<void> {
    if (options.rate === undefined) return;
    const at = began + (turns++ * 1000) / options.rate;
    await wait(Math.max(0, at - performance.now()));
  }

  async function buyer(): Promise<void> {
    while (goOn(purchases.length)) {
      await turn();
      const lapsing = performance.now() - began < (options.lapsingForMs ?? 0);
      const ways = options.cards ?? (lapsing ? undefined : waysThatEndSoon);
      const purchase = drawPurchase(shop, random, ways, purchases.findLast(byPaypal));
      purchases.push(purchase);
      const going = go(purchase).finally(() => waiting.delete(going));
      waiting.add(going);
      await Promise.race([going, wait(turnMs)]);
      while (waiting.size >= mostWaiting) await Promise.race(waiting);
    }
  }
  await Promise.all(Array.from({ length: buyers }, buyer));
  await Promise.all(waiting);
  return purchases;
}
