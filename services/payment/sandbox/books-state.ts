import type { Books } from "./books.ts";
import { type PaypalRecord, refundedOf } from "./paypal/paypal-books.ts";
import type { PaypalSandbox } from "./paypal/paypal-sandbox.ts";
import type { Charge, Dispute, Intent, Refund } from "./stripe-objects.ts";
import type { WebhookSender } from "./webhook-sender.ts";

/** What a provider holds for one order of the shop (`metadata.orderId`, `custom_id`). Amounts in minor units; `net` = captured − refunded. */
export interface OrderBalance {
  provider: "stripe" | "paypal";
  orderId: string;
  currency: string;
  /** Successful captured charges; more than one is a double charge. */
  charges: number;
  captured: number;
  refunded: number;
  net: number;
}

export interface SandboxState {
  orders: OrderBalance[];
  intents: Intent[];
  charges: Charge[];
  refunds: Refund[];
  disputes: Dispute[];
  paypal: PaypalRecord[];
  webhooks: { delivered: number; pending: number; failed: number };
}

/** The books as an auditor reads them, oldest first. */
export function booksState(
  books: Books,
  webhooks: WebhookSender,
  paypal: Pick<PaypalSandbox, "orders" | "webhooks"> | undefined,
): SandboxState {
  const senders = paypal === undefined ? [webhooks] : [webhooks, paypal.webhooks];
  const sum = (count: (sender: WebhookSender) => number) =>
    senders.reduce((total, sender) => total + count(sender), 0);
  const atPaypal = paypal?.orders() ?? [];
  return {
    orders: [...balances(books, atPaypal).values()],
    intents: [...books.intents.values()],
    charges: [...books.charges.values()],
    refunds: [...books.refunds.values()],
    disputes: [...books.disputes.all.values()],
    paypal: atPaypal,
    webhooks: {
      delivered: sum(({ delivered }) => delivered),
      pending: sum(({ pending }) => pending),
      failed: sum(({ failed }) => failed),
    },
  };
}

function balances(books: Books, atPaypal: readonly PaypalRecord[]): Map<string, OrderBalance> {
  const found = new Map<string, OrderBalance>();
  const add = (
    provider: OrderBalance["provider"],
    {
      orderId = "",
      currency,
      captured,
      refunded,
    }: { orderId: string | undefined; currency: string; captured: number; refunded: number },
  ) => {
    const known = found.get(`${provider} ${orderId}`);
    const before = known ?? { provider, orderId, currency, charges: 0, captured: 0, refunded: 0, net: 0 };
    before.charges++;
    before.captured += captured;
    before.refunded += refunded;
    before.net = before.captured - before.refunded;
    found.set(`${provider} ${orderId}`, before);
  };
  for (const charge of books.charges.values()) {
    if (!charge.captured) continue;
    const { currency, amount_captured: captured, amount_refunded: refunded } = charge;
    add("stripe", { orderId: charge.metadata.orderId, currency, captured, refunded });
  }
  for (const order of atPaypal) {
    if (order.captureId === null) continue;
    const { customId, amount: captured, currency } = order;
    const refunded = refundedOf(order);
    add("paypal", { orderId: customId ?? "", currency: currency.toLowerCase(), captured, refunded });
  }
  return found;
}
