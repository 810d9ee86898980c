import { type Static, Type } from "@sinclair/typebox";
import type { Money } from "#mesh/money";
import type { DisputeNews } from "./apply-dispute.ts";
import { minorUnits } from "./decimal-amount.ts";
import type { DisputeStatus } from "./payment.ts";

const money = Type.Object({ currency_code: Type.String({ pattern: "^[A-Z]{3}$" }), value: Type.String() });

/** What is used of PayPal's dispute. https://developer.paypal.com/docs/api/customer-disputes/v1/ */
export const paypalDisputeSchema = Type.Object({
  dispute_id: Type.String({ minLength: 1, maxLength: 255 }),
  create_time: Type.String(),
  reason: Type.String(),
  status: Type.String(),
  dispute_amount: money,
  disputed_transactions: Type.Array(Type.Object({ seller_transaction_id: Type.String() }), { minItems: 1 }),
  dispute_outcome: Type.Optional(
    Type.Object({ outcome_code: Type.Optional(Type.String()), amount_refunded: Type.Optional(money) }),
  ),
  money_movements: Type.Optional(
    Type.Array(
      Type.Object({
        affected_party: Type.String(),
        amount: Type.Optional(money),
        type: Type.String(),
        reason: Type.Optional(Type.String()),
      }),
    ),
  ),
});

export type PaypalDispute = Static<typeof paypalDisputeSchema>;

/** The shop accepted the claim, or PayPal decided for the buyer. Every other end leaves the money with the shop. */
const lost: ReadonlySet<string> = new Set(["RESOLVED_BUYER_FAVOUR", "RESOLVED_BUYER_FAVOR", "ACCEPTED"]);

/**
 * While a dispute is open PayPal holds the money on our account; it leaves it when the dispute is lost, unless the list of
 * movements says that it left before. Undefined when an amount cannot be read.
 */
export function paypalDisputeNews(dispute: PaypalDispute): DisputeNews | undefined {
  const status = statusOf(dispute);
  const { dispute_amount: disputed, dispute_outcome: outcome, money_movements: moved = [] } = dispute;
  const taken = (status === "lost" && outcome?.amount_refunded) || disputed;
  const amount = minorUnits(taken.value, taken.currency_code);
  const openedAt = new Date(dispute.create_time);
  if (!amount || Number.isNaN(openedAt.getTime())) return undefined;
  const seller = moved.filter(({ affected_party }) => affected_party === "SELLER");
  const ours = seller.filter(({ reason }) => reason !== "DISPUTE_FEE");
  const fees = seller.filter(({ reason }) => reason === "DISPUTE_FEE");
  const reinstated = ours.some(({ type }) => type === "CREDIT");
  const withdrawn = reinstated || status === "lost" || ours.some(({ type }) => type === "DEBIT");
  return {
    id: dispute.dispute_id,
    amount,
    currency: taken.currency_code,
    reason: dispute.reason,
    status,
    openedAt,
    withdrawn,
    reinstated,
    fee: feeOf(fees, "DEBIT"),
    feeReturned: feeOf(fees, "CREDIT"),
  };
}

function feeOf(
  moved: NonNullable<PaypalDispute["money_movements"]>,
  wanted: "DEBIT" | "CREDIT",
): Money | undefined {
  const found = moved.find(({ type, amount }) => type === wanted && amount !== undefined)?.amount;
  const amount = found && minorUnits(found.value, found.currency_code);
  return amount ? { amount, currency: found.currency_code } : undefined;
}

function statusOf({ status, dispute_outcome: outcome }: PaypalDispute): DisputeStatus {
  if (status !== "RESOLVED") return "open";
  return lost.has(outcome?.outcome_code ?? "") ? "lost" : "won";
}
