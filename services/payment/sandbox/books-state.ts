import type { Books } from "./books.ts";
import type { Charge, Intent, Refund } from "./stripe-objects.ts";
import type { WebhookSender } from "./webhook-sender.ts";

/** What the provider holds for one `metadata.orderId`. Amounts in minor units; `net` = captured − refunded. */
export interface OrderBalance {
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
  webhooks: { delivered: number; pending: number; failed: number };
}

/** The books as an auditor reads them, oldest first. */
export function booksState(books: Books, webhooks: WebhookSender): SandboxState {
  return {
    orders: [...balances(books).values()],
    intents: [...books.intents.values()],
    charges: [...books.charges.values()],
    refunds: [...books.refunds.values()],
    webhooks: { delivered: webhooks.delivered, pending: webhooks.pending, failed: webhooks.failed },
  };
}

function balances(books: Books): Map<string, OrderBalance> {
  const found = new Map<string, OrderBalance>();
  for (const charge of books.charges.values()) {
    if (!charge.captured) continue;
    const orderId = charge.metadata.orderId ?? "";
    const known = found.get(orderId) ?? {
      orderId,
      currency: charge.currency,
      charges: 0,
      captured: 0,
      refunded: 0,
      net: 0,
    };
    known.charges++;
    known.captured += charge.amount_captured;
    known.refunded += charge.amount_refunded;
    known.net = known.captured - known.refunded;
    found.set(orderId, known);
  }
  return found;
}
