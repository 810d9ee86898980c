import type { Money } from "#mesh/money";
import { formatCarbon } from "./format-carbon.ts";
import { formatMoney } from "./format-money.ts";
import { html } from "./html.ts";
import { layout, type MailContent, oneLine, orderReference } from "./layout.ts";

/** What the confirmation tells of an order; prices and carbon as they were when it was placed. */
export interface ConfirmedOrder {
  readonly orderId: string;
  readonly items: readonly { readonly name: string; readonly quantity: number; readonly unitPrice: Money }[];
  readonly total: Money;
  readonly carbon: { readonly kgCO2e: string };
}

export function orderConfirmed(order: ConfirmedOrder & { readonly firstName: string }): MailContent {
  const name = oneLine(order.firstName);
  const subject = `Order ${orderReference(order.orderId)} is confirmed`;
  const total = formatMoney(order.total);
  const carbon = formatCarbon(order.carbon);
  const lines = order.items.map(({ name, quantity, unitPrice }) => ({
    name: oneLine(name),
    quantity,
    price: formatMoney({ ...unitPrice, amount: unitPrice.amount * quantity }),
  }));
  return {
    subject,
    text: `Hello ${name},

thank you. Your order is confirmed and paid.

${lines.map((line) => `  ${line.quantity} × ${line.name}: ${line.price}`).join("\n")}

  Total: ${total}
  Carbon footprint of what you bought: ${carbon}

Order ${order.orderId}
`,
    html: layout(
      subject,
      html`<h1>Thank you, ${name}</h1>
<p>Your order is confirmed and paid.</p>
<table class="rows"><tbody>
${lines.map((line) => html`<tr><td>${line.quantity} × ${line.name}</td><td class="figure">${line.price}</td></tr>\n`)}<tr class="total"><th scope="row">Total</th><td class="figure">${total}</td></tr>
</tbody></table>
<p class="carbon">Carbon footprint of what you bought: <strong>${carbon}</strong></p>
<p class="quiet">Order ${order.orderId}</p>`,
    ),
  };
}
