import { decimalAmount } from "../../decimal-amount.ts";
import { document, escaped } from "../document.ts";
import type { PaypalBooks, PaypalRecord } from "./paypal-books.ts";

/** The page on which the buyer approves or cancels a PayPal order. `order` is there when the buyer decided. */
export function approvalPage(
  books: PaypalBooks,
  request: Request,
  { pathname, searchParams }: URL,
): { response: Response; order?: PaypalRecord } {
  const id = searchParams.get("token") ?? "";
  const order = books.order(id);
  const [, decision] = /^\/checkoutnow\/(approve|cancel)$/.exec(pathname) ?? [];
  if (decision !== undefined && request.method === "POST") {
    books.approve(order, decision === "approve");
    const here = `/checkoutnow?token=${encodeURIComponent(id)}`;
    return { response: new Response(null, { status: 303, headers: { location: here } }), order };
  }
  const buttons = ["approve", "cancel"]
    .map(
      (each) =>
        `<form method="post" action="/checkoutnow/${each}?token=${escaped(encodeURIComponent(id))}"><button>${each}</button></form>`,
    )
    .join("");
  const body = order.status === "CREATED" ? buttons : `<p>This order is ${order.status.toLowerCase()}.</p>`;
  const amount = `${decimalAmount(order)} ${order.currency}`;
  return {
    response: document("Payment sandbox: PayPal", `<h1>PayPal</h1><p>Pay ${escaped(amount)}?</p>${body}`),
  };
}
