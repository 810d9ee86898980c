import { invalid } from "./stripe-error.ts";
import type { Charge, Dispute } from "./stripe-objects.ts";

export type DisputeEventType =
  | "charge.dispute.created"
  | "charge.dispute.closed"
  | "charge.dispute.funds_withdrawn"
  | "charge.dispute.funds_reinstated";

/** What Stripe takes for a dispute, in minor units, whoever wins. https://stripe.com/pricing */
const feeOfDispute = 1500;

const movement = (amount: number, fee: number, currency: string) => ({
  amount,
  fee,
  net: amount - fee,
  currency,
});

/** The buyers' demands at the bank. */
export class Disputes {
  readonly all = new Map<string, Dispute>();

  constructor(
    private readonly newId: (prefix: string) => string,
    private readonly seconds: () => number,
    private readonly happened: (event: { type: DisputeEventType; object: Dispute }) => void,
  ) {}

  /** The bank takes the money at once and hears the shop later. */
  open(charge: Charge): void {
    charge.disputed = true;
    const dispute: Dispute = {
      id: this.newId("dp_"),
      object: "dispute",
      amount: charge.amount_captured,
      balance_transactions: [movement(-charge.amount_captured, feeOfDispute, charge.currency)],
      charge: charge.id,
      created: this.seconds(),
      currency: charge.currency,
      is_charge_refundable: false,
      livemode: false,
      metadata: {},
      payment_intent: charge.payment_intent,
      reason: "fraudulent",
      status: "needs_response",
    };
    this.all.set(dispute.id, dispute);
    this.happened({ type: "charge.dispute.created", object: dispute });
    this.happened({ type: "charge.dispute.funds_withdrawn", object: dispute });
  }

  /** Whether nothing of a charge can be refunded: the money is the bank's to give until a dispute is won. */
  hold(chargeId: string): boolean {
    return [...this.all.values()].some(({ charge, status }) => charge === chargeId && status !== "won");
  }

  /** Stripe's test mode decides by the text of the evidence. https://docs.stripe.com/testing#evidence */
  decide(dispute: Dispute, evidence: string | undefined): Dispute {
    if (evidence !== "winning_evidence" && evidence !== "losing_evidence") {
      throw invalid("Only winning_evidence and losing_evidence decide here.", "evidence[uncategorized_text]");
    }
    if (dispute.status !== "needs_response") throw invalid("This dispute is already closed.");
    const isWon = evidence === "winning_evidence";
    dispute.status = isWon ? "won" : "lost";
    if (isWon) dispute.balance_transactions.push(movement(dispute.amount, 0, dispute.currency));
    this.happened({ type: "charge.dispute.closed", object: dispute });
    if (isWon) this.happened({ type: "charge.dispute.funds_reinstated", object: dispute });
    return dispute;
  }
}
