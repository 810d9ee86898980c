import { type Static, Type } from "@sinclair/typebox";
import type { Money } from "#mesh/money";
import type { DisputeNews } from "./apply-dispute.ts";
import type { DisputeStatus } from "./payment.ts";

/** What is used of Stripe's dispute. https://docs.stripe.com/api/disputes/object */
export const disputeSchema = Type.Object({
  id: Type.String(),
  payment_intent: Type.String(),
  amount: Type.Integer({ minimum: 1 }),
  currency: Type.String({ pattern: "^[a-z]{3}$" }),
  created: Type.Integer(),
  reason: Type.String(),
  status: Type.String(),
  balance_transactions: Type.Array(
    Type.Object({
      amount: Type.Integer(),
      // In the currency of our account at Stripe, which may be another than the charge's.
      fee: Type.Optional(Type.Integer()),
      currency: Type.Optional(Type.String({ pattern: "^[a-z]{3}$" })),
    }),
  ),
});

/** @param type such as `charge.dispute.created`; the events that tell of money prove it whatever the object says */
export function disputeNews(type: string, dispute: Static<typeof disputeSchema>): DisputeNews {
  const { id, amount, currency, reason, created, balance_transactions: moved } = dispute;
  const reinstated = type === "charge.dispute.funds_reinstated" || moved.some((each) => each.amount > 0);
  const withdrawn =
    reinstated || type === "charge.dispute.funds_withdrawn" || moved.some((each) => each.amount < 0);
  return {
    id,
    amount,
    currency: currency.toUpperCase(),
    reason,
    status: statusOf(dispute.status),
    openedAt: new Date(created * 1000),
    withdrawn,
    reinstated,
    fee: feeOf(moved, 1),
    feeReturned: feeOf(moved, -1),
  };
}

/** @param sign 1 for what is taken, -1 for what is given back */
function feeOf(moved: Static<typeof disputeSchema>["balance_transactions"], sign: 1 | -1): Money | undefined {
  const found = moved.filter(({ fee = 0 }) => fee * sign > 0);
  const currency = found[0]?.currency;
  if (currency === undefined) return undefined;
  return {
    amount: found.reduce((sum, { fee = 0 }) => sum + fee * sign, 0),
    currency: currency.toUpperCase(),
  };
}

/** An inquiry that came to nothing (`warning_closed`) and a dispute that was prevented count as won. */
function statusOf(status: string): DisputeStatus {
  if (status === "lost") return "lost";
  return status === "won" || status === "warning_closed" || status === "prevented" ? "won" : "open";
}
