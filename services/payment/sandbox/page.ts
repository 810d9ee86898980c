import type { SandboxState } from "./books-state.ts";
import { document, escaped } from "./document.ts";
import { refundedOf } from "./paypal/paypal-books.ts";

const shown = 200;

/** The books as a page, newest first. */
export function page({ orders, intents, refunds, paypal, disputes, webhooks }: SandboxState): Response {
  return document(
    "Payment sandbox",
    `<h1>Payment sandbox</h1>
<p>No money moves here. ${intents.length} payment intents, ${refunds.length} refunds; webhooks: ${webhooks.delivered}
delivered, ${webhooks.pending} pending, ${webhooks.failed} given up. All of it as JSON: <a href="/sandbox/state">/sandbox/state</a></p>
<h2>By order</h2>
${table(
  ["Order", "Charges", "Captured", "Refunded", "Net"],
  orders
    .slice(-shown)
    .reverse()
    .map((each) => [
      each.orderId,
      String(each.charges),
      money(each.captured, each.currency),
      money(each.refunded, each.currency),
      money(each.net, each.currency),
    ]),
)}
<h2>Payment intents</h2>
${table(
  ["Intent", "Order", "Status", "Amount", "Method", "Time"],
  intents
    .slice(-shown)
    .reverse()
    .map((each) => [
      each.id,
      each.metadata.orderId ?? "",
      each.status,
      money(each.amount, each.currency),
      each.payment_method ?? "",
      new Date(each.created * 1000).toISOString(),
    ]),
)}
<h2>PayPal orders</h2>
${table(
  ["PayPal order", "Order", "Status", "Amount", "Refunded", "Time"],
  paypal
    .slice(-shown)
    .reverse()
    .map((each) => [
      each.id,
      each.customId ?? "",
      each.status.toLowerCase(),
      money(each.amount, each.currency),
      money(refundedOf(each), each.currency),
      new Date(each.createdAt).toISOString(),
    ]),
)}
<h2>Disputes</h2>
${table(
  ["Dispute", "Intent", "Status", "Amount"],
  disputes
    .slice(-shown)
    .reverse()
    .map((each) => [each.id, each.payment_intent, each.status, money(each.amount, each.currency)]),
)}`,
  );
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "<p>None yet.</p>";
  const head = heads.map((each) => `<th scope="col">${each}</th>`).join("");
  const body = rows.map((row) => `<tr>${row.map((each) => `<td>${escaped(each)}</td>`).join("")}</tr>`);
  return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${body.join("\n")}</tbody></table></div>`;
}

/** `11.90 EUR`: a currency's own number of decimals, so that 500 JPY are not shown as 5. */
function money(minorUnits: number, currency: string): string {
  const code = currency.toUpperCase();
  const { maximumFractionDigits: digits = 2 } = new Intl.NumberFormat("en", {
    style: "currency",
    currency: code,
  }).resolvedOptions();
  return `${(minorUnits / 10 ** digits).toFixed(digits)} ${code}`;
}
