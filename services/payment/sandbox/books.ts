import { type DisputeEventType, Disputes } from "./disputes.ts";
import { type Form, recordOf, textOf } from "./form.ts";
import { chargeableAmount, currencyOf, optionalAmount } from "./form-money.ts";
import type { SavedBooks } from "./saved-books.ts";
import { invalid, missingParameter, noSuch, StripeRefusal } from "./stripe-error.ts";
import type { Charge, Dispute, Intent, Refund } from "./stripe-objects.ts";
import { type TestCard, testCards } from "./test-cards.ts";

export type BookEvent =
  | {
      type:
        | "payment_intent.succeeded"
        | "payment_intent.payment_failed"
        | "payment_intent.amount_capturable_updated";
      object: Intent;
      card: TestCard;
    }
  | { type: "payment_intent.canceled"; object: Intent }
  | { type: "charge.refunded"; object: Charge }
  | { type: "refund.failed" | "charge.refund.updated"; object: Refund }
  | { type: DisputeEventType; object: Dispute };

/** The provider's own record of money: what an auditor compares a shop's ledger with. */
export class Books {
  readonly intents = new Map<string, Intent>();
  readonly charges = new Map<string, Charge>();
  readonly refunds = new Map<string, Refund>();
  readonly disputes: Disputes;
  readonly #byOrder = new Map<string, Intent[]>();

  constructor(
    private readonly newId: (prefix: string) => string,
    private readonly seconds: () => number,
    private readonly happened: (event: BookEvent) => void,
    /** Where a buyer's browser reaches the sandbox. */
    private readonly publicUrl: () => string,
  ) {
    this.disputes = new Disputes(newId, seconds, happened);
  }

  /** Puts back what an earlier run knew. */
  restore({ intents, charges, refunds, disputes = [] }: Omit<SavedBooks, "keys" | "paypal">): void {
    for (const dispute of disputes) this.disputes.all.set(dispute.id, dispute);
    for (const intent of intents) this.#add(intent);
    for (const charge of charges) this.charges.set(charge.id, charge);
    for (const refund of refunds) this.refunds.set(refund.id, refund);
  }

  /** Intents whose `metadata.orderId` is this, oldest first. */
  ofOrder(orderId: string): readonly Intent[] {
    return this.#byOrder.get(orderId) ?? [];
  }

  intent(id: string): Intent {
    const found = this.intents.get(id);
    if (found === undefined) throw noSuch("payment_intent", id, "intent");
    return found;
  }

  createIntent(form: Form): Intent {
    const id = this.newId("pi_");
    const method = textOf(form, "payment_method") ?? null;
    const capture = textOf(form, "capture_method") ?? "automatic";
    if (capture !== "automatic" && capture !== "automatic_async" && capture !== "manual") {
      throw invalid(`Invalid capture_method: ${capture}`, "capture_method");
    }
    if (method !== null) cardNamed(method);
    const intent: Intent = {
      id,
      object: "payment_intent",
      amount: chargeableAmount(form),
      amount_capturable: 0,
      amount_received: 0,
      canceled_at: null,
      cancellation_reason: null,
      capture_method: capture === "manual" ? "manual" : "automatic",
      client_secret: `${id}_secret_sandbox`,
      created: this.seconds(),
      currency: currencyOf(form),
      description: textOf(form, "description") ?? null,
      last_payment_error: null,
      latest_charge: null,
      livemode: false,
      metadata: recordOf(form, "metadata"),
      next_action: null,
      payment_method: method,
      payment_method_types: ["card"],
      status: method === null ? "requires_payment_method" : "requires_confirmation",
    };
    const confirms = textOf(form, "confirm") === "true";
    if (confirms && method === null) throw missingParameter("payment_method");
    this.#add(intent);
    if (confirms) this.confirm(intent, form);
    return intent;
  }

  /** Charges the intent's card; a refusal leaves the intent and a failed charge behind, as at Stripe. */
  confirm(intent: Intent, form: Form): void {
    const method = textOf(form, "payment_method") ?? intent.payment_method;
    if (method === null) throw missingParameter("payment_method");
    if (!["requires_confirmation", "requires_payment_method"].includes(intent.status)) {
      throw unexpectedState(intent, "confirm");
    }
    const card = cardNamed(method);
    intent.payment_method = method;
    if (card.outcome === "requires-action") {
      if (textOf(form, "error_on_requires_action") !== "true" && textOf(form, "off_session") !== "true") {
        intent.status = "requires_action";
        intent.next_action = this.#actionFor(intent, textOf(form, "return_url"));
        return;
      }
      this.#decline(intent, card, {
        code: "authentication_required",
        decline_code: "authentication_required",
        message: "Your card was declined. This transaction requires authentication.",
      });
    }
    if (card.decline !== undefined) this.#decline(intent, card, card.decline);
    this.#succeed(intent, card);
  }

  /** What the buyer did at the bank. @returns the intent after it; unchanged when it waits for nobody */
  authenticate(intent: Intent, approved: boolean): Intent {
    if (intent.status !== "requires_action") return intent;
    const card = cardNamed(intent.payment_method ?? "");
    intent.next_action = null;
    if (approved) {
      this.#succeed(intent, card);
      return intent;
    }
    try {
      this.#decline(intent, card, {
        code: "payment_intent_authentication_failure",
        message: "The bank did not confirm that it is you.",
      });
    } catch (error) {
      if (!(error instanceof StripeRefusal)) throw error;
    }
    return intent;
  }

  #actionFor({ id }: Intent, returnUrl: string | undefined): Intent["next_action"] {
    if (returnUrl === undefined) return { type: "use_stripe_sdk" };
    const url = `${this.publicUrl()}/sandbox/authenticate/${id}`;
    return { type: "redirect_to_url", redirect_to_url: { url, return_url: returnUrl } };
  }

  #succeed(intent: Intent, card: TestCard): void {
    const charge = this.#charge(intent, intent.payment_method ?? "");
    if (intent.capture_method === "manual") {
      intent.status = "requires_capture";
      intent.amount_capturable = intent.amount;
      this.happened({ type: "payment_intent.amount_capturable_updated", object: intent, card });
      return;
    }
    charge.captured = true;
    charge.amount_captured = intent.amount;
    intent.amount_received = intent.amount;
    intent.status = "succeeded";
    this.happened({ type: "payment_intent.succeeded", object: intent, card });
    if (card.disputes) this.disputes.open(charge);
  }

  capture(intent: Intent, form: Form): Intent {
    if (intent.status !== "requires_capture") throw unexpectedState(intent, "capture");
    const amount = optionalAmount(form, "amount_to_capture") ?? intent.amount_capturable;
    if (amount > intent.amount_capturable) {
      throw invalid("Amount to capture is greater than what can be captured.", "amount_to_capture");
    }
    const charge = this.#chargeOf(intent);
    charge.captured = true;
    charge.amount_captured = amount;
    intent.amount_received = amount;
    intent.amount_capturable = 0;
    intent.status = "succeeded";
    this.happened({ type: "payment_intent.succeeded", object: intent, card: { outcome: "succeeds" } });
    return intent;
  }

  cancel(intent: Intent, form: Form): Intent {
    if (intent.status === "succeeded" || intent.status === "canceled") {
      throw unexpectedState(intent, "cancel");
    }
    const charge = intent.latest_charge === null ? undefined : this.charges.get(intent.latest_charge);
    if (charge?.status === "succeeded") {
      charge.refunded = true;
      charge.amount_refunded = charge.amount;
    }
    intent.status = "canceled";
    intent.next_action = null;
    intent.amount_capturable = 0;
    intent.canceled_at = this.seconds();
    intent.cancellation_reason = textOf(form, "cancellation_reason") ?? null;
    this.happened({ type: "payment_intent.canceled", object: intent });
    return intent;
  }

  refund(form: Form): Refund {
    const charge = this.#refundable(form);
    if (charge.disputed) {
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
    this.refunds.set(refund.id, refund);
    this.happened({ type: "charge.refunded", object: charge });
    return refund;
  }

  /** The bank sends a refund back: the shop has the money again. */
  failRefund(refund: Refund): void {
    const charge = this.charges.get(refund.charge);
    if (charge === undefined || refund.status === "failed") return;
    refund.status = "failed";
    refund.failure_reason = "expired_or_canceled_card";
    charge.amount_refunded -= refund.amount;
    charge.refunded = false;
    this.happened({ type: "charge.refund.updated", object: refund });
    this.happened({ type: "refund.failed", object: refund });
  }

  #add(intent: Intent): void {
    this.intents.set(intent.id, intent);
    const { orderId } = intent.metadata;
    if (orderId === undefined) return;
    const others = this.#byOrder.get(orderId);
    if (others === undefined) this.#byOrder.set(orderId, [intent]);
    else others.push(intent);
  }

  #refundable(form: Form): Charge {
    const chargeId = textOf(form, "charge");
    if (chargeId !== undefined) {
      const charge = this.charges.get(chargeId);
      if (charge === undefined) throw noSuch("charge", chargeId, "charge", 400);
      return charge;
    }
    const intentId = textOf(form, "payment_intent");
    if (intentId === undefined) throw missingParameter("payment_intent");
    const intent = this.intents.get(intentId);
    if (intent === undefined) throw noSuch("payment_intent", intentId, "payment_intent", 400);
    if (intent.status !== "succeeded") {
      throw invalid(`This PaymentIntent (${intent.id}) does not have a successful charge to refund.`);
    }
    return this.#chargeOf(intent);
  }

  #chargeOf(intent: Intent): Charge {
    const charge = intent.latest_charge === null ? undefined : this.charges.get(intent.latest_charge);
    if (charge === undefined) throw unexpectedState(intent, "use");
    return charge;
  }

  #charge(intent: Intent, method: string): Charge {
    const charge: Charge = {
      id: this.newId("ch_"),
      object: "charge",
      amount: intent.amount,
      amount_captured: 0,
      amount_refunded: 0,
      captured: false,
      created: intent.created,
      currency: intent.currency,
      failure_code: null,
      failure_message: null,
      livemode: false,
      metadata: intent.metadata,
      paid: true,
      payment_intent: intent.id,
      payment_method: method,
      refunded: false,
      status: "succeeded",
    };
    this.charges.set(charge.id, charge);
    intent.latest_charge = charge.id;
    return charge;
  }

  #decline(intent: Intent, card: TestCard, reason: NonNullable<TestCard["decline"]>): never {
    const charge = this.#charge(intent, intent.payment_method ?? "");
    charge.status = "failed";
    charge.paid = false;
    charge.failure_code = reason.code ?? null;
    charge.failure_message = reason.message;
    intent.status = "requires_payment_method";
    intent.last_payment_error = { type: "card_error", ...reason, charge: charge.id };
    this.happened({ type: "payment_intent.payment_failed", object: intent, card });
    throw new StripeRefusal(402, { ...intent.last_payment_error, payment_intent: intent });
  }
}

function cardNamed(method: string): TestCard {
  const card = testCards.get(method);
  if (card === undefined) throw noSuch("PaymentMethod", method, "payment_method", 400);
  return card;
}

const unexpectedState = (intent: Intent, verb: string): StripeRefusal =>
  invalid(
    `You cannot ${verb} this PaymentIntent because it has a status of ${intent.status}.`,
    undefined,
    "payment_intent_unexpected_state",
  );
