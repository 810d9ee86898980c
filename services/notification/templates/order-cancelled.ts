import type { Money } from "#mesh/money";
import { formatMoney } from "./format-money.ts";
import { html } from "./html.ts";
import { layout, type MailContent, oneLine, orderReference } from "./layout.ts";

export interface CancelledOrder {
  readonly orderId: string;
  /** A code such as `payment-declined`; one that is not known is shown as it is. */
  readonly reason: string;
  readonly total: Money;
}

// The codes are those of order-service.
const sentences = new Map([
  ["insufficient-stock", "An item is no longer in stock."],
  ["payment-declined", "The payment was declined."],
  ["payment-cancelled", "The payment was called off."],
  ["reservation-lapsed", "The items could not be held until the payment was through."],
  ["rejected", "It could not be processed as it was placed."],
  ["timed-out", "It could not be finished in time."],
  ["requested-by-customer", "You asked us to cancel it."],
  ["requested-by-admin", "Our staff cancelled it."],
]);

export function orderCancelled(order: CancelledOrder & { readonly firstName: string }): MailContent {
  const name = oneLine(order.firstName);
  const subject = `Order ${orderReference(order.orderId)} was cancelled`;
  const reason = sentences.get(order.reason) ?? `Reason: ${oneLine(order.reason)}`;
  const total = formatMoney(order.total);
  return {
    subject,
    text: `Hello ${name},

your order of ${total} was cancelled. ${reason}

If something was charged for it, it goes back to the card you paid with.

Order ${order.orderId}
`,
    html: layout(
      subject,
      html`<h1>Hello ${name},</h1>
<p>your order of <strong>${total}</strong> was cancelled. ${reason}</p>
<p>If something was charged for it, it goes back to the card you paid with.</p>
<p class="quiet">Order ${order.orderId}</p>`,
    ),
  };
}
