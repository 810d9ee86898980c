import { type Form, recordOf, textOf } from "./form.ts";
import { optionalAmount } from "./form-money.ts";
import { invalid, missingParameter, noSuch } from "./stripe-error.ts";
import type { Charge, Intent, Refund } from "./stripe-objects.ts";

export type RefundEvent =
  | { type: "charge.refunded"; object: Charge }
  | { type: "refund.failed" | "charge.refund.updated"; object: Refund };

/** What can be refunded. */
export interface Charges {
  find(id: string): Charge | undefined;
  intent(id: string): Intent | undefined;
  ofIntent(intent: Intent): Charge;
  /** For a dispute that is open or was lost. */
  isHeld(charge: Charge): boolean;
}

/** The money that went back. */
export class Refunds {
  readonly all = new Map<string, Refund>();

  constructor(
    private readonly charges: Charges,
    private readonly newId: (prefix: string) => string,
    private readonly seconds: () => number,
    private readonly happened: (event: RefundEvent) => void,
  ) {}

  make(form: Form): Refund {
    const charge = this.#refundable(form);
    if (this.charges.isHeld(charge)) {
      throw invalid(`Charge ${charge.id} has been charged back.`, undefined, "charge_disputed");
    }
    const left = charge.amount_captured - charge.amount_refunded;
    const amount = optionalAmount(form, "amount") ?? left;
    if (left === 0) {
      throw invalid(`Charge ${charge.id} has already been refunded.`, undefined, "charge_already_refunded");
    }
    if (amount > left) {
      throw invalid(
        `Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`,
        "amount",
      );
    }
    charge.amount_refunded += amount;
    charge.refunded = charge.amount_refunded === charge.amount_captured;
    const refund: Refund = {
      id: this.newId("re_"),
      object: "refund",
      amount,
      charge: charge.id,
      created: this.seconds(),
      currency: charge.currency,
      metadata: recordOf(form, "metadata"),
      payment_intent: charge.payment_intent,
      reason: textOf(form, "reason") ?? null,
      status: "succeeded",
    };
    this.all.set(refund.id, refund);
    this.happened({ type: "charge.refunded", object: charge });
    return refund;
  }

  /** The bank sends a refund back: the shop has the money again. */
  fail(refund: Refund): void {
    const charge = this.charges.find(refund.charge);
    if (charge === undefined || refund.status === "failed") return;
    refund.status = "failed";
    refund.failure_reason = "expired_or_canceled_card";
    charge.amount_refunded -= refund.amount;
    charge.refunded = false;
    this.happened({ type: "charge.refund.updated", object: refund });
    this.happened({ type: "refund.failed", object: refund });
  }

  #refundable(form: Form): Charge {
    const chargeId = textOf(form, "charge");
    if (chargeId !== undefined) {
      const charge = this.charges.find(chargeId);
      if (charge === undefined) throw noSuch("charge", chargeId, "charge", 400);
      return charge;
    }
    const intentId = textOf(form, "payment_intent");
    if (intentId === undefined) throw missingParameter("payment_intent");
    const intent = this.charges.intent(intentId);
    if (intent === undefined) throw noSuch("payment_intent", intentId, "payment_intent", 400);
    if (intent.status !== "succeeded") {
      throw invalid(`This PaymentIntent (${intent.id}) does not have a successful charge to refund.`);
    }
    return this.charges.ofIntent(intent);
  }
}
