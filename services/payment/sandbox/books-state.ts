import type { Books } from "./books.ts";
import { type OrderBalance, orderBalances } from "./order-balances.ts";
import type { PaypalRecord } from "./paypal/paypal-books.ts";
import type { PaypalSandbox } from "./paypal/paypal-sandbox.ts";
import type { Charge, Dispute, Intent, Refund } from "./stripe-objects.ts";
import type { WebhookSender } from "./webhook-sender.ts";

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
    orders: orderBalances(books, atPaypal),
    intents: [...books.intents.values()],
    charges: [...books.charges.values()],
    refunds: [...books.refunds.all.values()],
    disputes: [...books.disputes.all.values()],
    paypal: atPaypal,
    webhooks: {
      delivered: sum(({ delivered }) => delivered),
      pending: sum(({ pending }) => pending),
      failed: sum(({ failed }) => failed),
    },
  };
}
