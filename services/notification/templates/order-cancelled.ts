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

const sentences = new Map([
  ["insufficient-stock", "An item is no longer in stock."],
  ["payment-declined", "The payment was declined."],
  ["customer-request", "You asked us to cancel it."],
]);

export function orderCancelled(order: CancelledOrder & { readonly firstName: string }): MailContent {
  const name = oneLine(order.firstName);
  const subject = `Your EcoTrack order ${orderReference(order.orderId)} was cancelled`;
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
