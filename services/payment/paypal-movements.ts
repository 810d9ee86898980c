import { Type } from "@sinclair/typebox";
import { minorUnits } from "./decimal-amount.ts";
import type { ProviderMovement } from "./payment-gateway.ts";
import { checked, type PaypalClient, PaypalUnknown } from "./paypal-client.ts";

// https://developer.paypal.com/docs/api/transaction-search/v1/
const pageSchema = Type.Object({
  transaction_details: Type.Array(
    Type.Object({
      transaction_info: Type.Object({
        transaction_id: Type.String(),
        transaction_event_code: Type.String(),
        transaction_status: Type.String(),
        transaction_initiation_date: Type.String(),
        transaction_amount: Type.Object({ currency_code: Type.String(), value: Type.String() }),
        custom_field: Type.Optional(Type.String()),
        paypal_reference_id: Type.Optional(Type.String()),
      }),
    }),
  ),
  total_pages: Type.Integer(),
});
const pageSize = 500;
/** Express checkout and other payments that a buyer makes; T11 are reversals, 07 of them refunds. */
const isPayment = (code: string): boolean => code.startsWith("T00");
const refundCode = "T1107";
/** A payment that PayPal or the buyer's bank took back, and what came back of that. */
const reversalCodes: ReadonlySet<string> = new Set(["T1106", "T1201"]);
const returnCodes: ReadonlySet<string> = new Set(["T1202", "T1205", "T1208"]);
/** Denied and reversed; pending ones are on their way. */
const ended: ReadonlySet<string> = new Set(["D", "V"]);

/**
 * What PayPal lists between two moments (at most 31 days). It lists a transaction up to three hours late, and the
 * whole of it in the currency of the transaction. `custom_field` is our order id on a capture, our refund id on a refund.
 */
export async function* paypalMovements(
  client: PaypalClient,
  from: Date,
  to: Date,
): AsyncIterable<ProviderMovement> {
  for (let page = 1, pages = 1; page <= pages; page++) {
    const query = new URLSearchParams({
      start_date: from.toISOString(),
      end_date: to.toISOString(),
      fields: "transaction_info",
      page_size: String(pageSize),
      page: String(page),
    });
    const { status, body } = await client.call("GET", `/v1/reporting/transactions?${query}`);
    const found = checked(pageSchema, body);
    if (found === undefined) throw new PaypalUnknown(`transactions-status-${status}`);
    pages = found.total_pages;
    for (const { transaction_info: info } of found.transaction_details) {
      const { currency_code: currency, value } = info.transaction_amount;
      const amount = minorUnits(value, currency);
      const succeeded = info.transaction_status === "S";
      if (amount === undefined || !(succeeded || ended.has(info.transaction_status))) continue;
      const common = {
        reference: info.transaction_id,
        amount: { amount: Math.abs(amount), currency },
        at: new Date(info.transaction_initiation_date),
      };
      const code = info.transaction_event_code;
      const chargeReference = info.paypal_reference_id ?? null;
      const custom = info.custom_field ?? null;
      if (succeeded && isPayment(code) && amount > 0) {
        yield { kind: "charge", ...common, orderId: custom };
      } else if (code === refundCode) {
        yield { kind: "refund", succeeded, ...common, chargeReference, orderId: null, refundId: custom };
      } else if (succeeded && amount < 0 && reversalCodes.has(code)) {
        yield { kind: "reversal", ...common, chargeReference };
      } else if (succeeded && amount > 0 && returnCodes.has(code)) {
        yield { kind: "return", ...common, chargeReference };
      }
    }
  }
}
