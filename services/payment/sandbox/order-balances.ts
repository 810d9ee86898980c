import type { Books } from "./books.ts";
import { type PaypalRecord, refundedOf, reversedOf } from "./paypal/paypal-books.ts";

/** What a provider holds for one order of the shop (`metadata.orderId`, `custom_id`). Amounts in minor units. */
export interface OrderBalance {
  readonly provider: "stripe" | "paypal";
  readonly orderId: string;
  readonly currency: string;
  /** Successful captured charges; more than one is a double charge. */
  readonly charges: number;
  readonly captured: number;
  readonly refunded: number;
  /** What the bank or PayPal gave to the buyer for a dispute, or took back at the word of the buyer's bank. */
  readonly withdrawn: number;
  /** What the provider took for disputes. */
  readonly fees: number;
  /** captured − refunded − withdrawn − fees */
  readonly net: number;
}

type Charged = Omit<OrderBalance, "charges" | "net">;

/** One for each order and provider. */
export function orderBalances(books: Books, atPaypal: readonly PaypalRecord[]): OrderBalance[] {
  const charged = [...atStripe(books), ...atPaypal.flatMap(captureOf)];
  const groups = Map.groupBy(charged, ({ provider, orderId }) => `${provider} ${orderId}`);
  return [...groups.values()].map(added);
}

function atStripe(books: Books): Charged[] {
  const movements = Map.groupBy(books.disputes.all.values(), ({ charge }) => charge);
  return [...books.charges.values()].flatMap((charge): Charged[] => {
    if (!charge.captured) return [];
    const moved = (movements.get(charge.id) ?? []).flatMap((dispute) => dispute.balance_transactions);
    return [
      {
        provider: "stripe",
        orderId: charge.metadata.orderId ?? "",
        currency: charge.currency,
        captured: charge.amount_captured,
        refunded: charge.amount_refunded,
        withdrawn: sum(moved, ({ amount }) => -amount),
        fees: sum(moved, ({ fee }) => fee),
      },
    ];
  });
}

function captureOf(order: PaypalRecord): Charged[] {
  if (order.captureId === null) return [];
  const { customId, amount: captured, currency } = order;
  return [
    {
      provider: "paypal",
      orderId: customId ?? "",
      currency: currency.toLowerCase(),
      captured,
      refunded: refundedOf(order) - reversedOf(order),
      withdrawn: reversedOf(order),
      fees: 0,
    },
  ];
}

function added(all: readonly Charged[]): OrderBalance {
  const { provider = "stripe", orderId = "", currency = "" } = all[0] ?? {};
  const captured = sum(all, (each) => each.captured);
  const refunded = sum(all, (each) => each.refunded);
  const withdrawn = sum(all, (each) => each.withdrawn);
  const fees = sum(all, (each) => each.fees);
  const net = captured - refunded - withdrawn - fees;
  return { provider, orderId, currency, charges: all.length, captured, refunded, withdrawn, fees, net };
}

const sum = <T>(all: readonly T[], amount: (each: T) => number): number =>
  all.reduce((total, each) => total + amount(each), 0);
