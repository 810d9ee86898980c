import { html } from "./html.ts";
import { layout, type MailContent, oneLine, orderReference } from "./layout.ts";

export interface ShippedOrder {
  readonly orderId: string;
  readonly carrier: string;
  readonly trackingNumber: string;
}

export function orderShipped(order: ShippedOrder & { readonly firstName: string }): MailContent {
  const name = oneLine(order.firstName);
  const subject = `Order ${orderReference(order.orderId)} is on its way`;
  const carrier = oneLine(order.carrier);
  const tracking = oneLine(order.trackingNumber);
  return {
    subject,
    text: `Hello ${name},

your order is on its way with ${carrier}.

  Tracking number: ${tracking}

Order ${order.orderId}
`,
    html: layout(
      subject,
      html`<h1>Hello ${name},</h1>
<p>your order is on its way with <strong>${carrier}</strong>.</p>
<p>Tracking number: <strong>${tracking}</strong></p>
<p class="quiet">Order ${order.orderId}</p>`,
    ),
  };
}
