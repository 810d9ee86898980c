import { type DisputeEventType, Disputes } from "./disputes.ts";
import { type Form, recordOf, textOf } from "./form.ts";
import { chargeableAmount, currencyOf, optionalAmount } from "./form-money.ts";
import { type RefundEvent, Refunds } from "./refunds.ts";
import type { SavedBooks } from "./saved-books.ts";
import { invalid, missingParameter, noSuch, StripeRefusal } from "./stripe-error.ts";
import type { Charge, Dispute, Intent } from "./stripe-objects.ts";
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
  | RefundEvent
  | { type: DisputeEventType; object: Dispute };

/** The provider's own record of money: what an auditor compares a shop's ledger with. */
export class Books {
  readonly intents = new Map<string, Intent>();
  readonly charges = new Map<string, Charge>();
  readonly refunds: Refunds;
  readonly disputes: Disputes;
  readonly #byOrder = new Map<string, Intent[]>();

  constructor(
    private readonly newId: (prefix: string) => string,
    private readonly seconds: () => number,
    private readonly happened: (event: BookEvent) => void,
    /** Where a buyer's browser reaches the sandbox. */
    private readonly publicUrl: () => string,
  ) {
    const charges = {
      find: (id: string) => this.charges.get(id),
      intent: (id: string) => this.intents.get(id),
      ofIntent: (intent: Intent) => this.#chargeOf(intent),
      isHeld: ({ id }: Charge) => this.disputes.hold(id),
    };
    this.refunds = new Refunds(charges, newId, seconds, happened);
    this.disputes = new Disputes(newId, seconds, happened);
  }

  /** Puts back what an earlier run knew. */
  restore({ intents, charges, refunds, disputes = [] }: Omit<SavedBooks, "keys" | "paypal">): void {
    for (const dispute of disputes) this.disputes.all.set(dispute.id, dispute);
    for (const intent of intents) this.#add(intent);
    for (const charge of charges) this.charges.set(charge.id, charge);
    for (const refund of refunds) this.refunds.all.set(refund.id, refund);
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

  #add(intent: Intent): void {
    this.intents.set(intent.id, intent);
    const { orderId } = intent.metadata;
    if (orderId === undefined) return;
    const others = this.#byOrder.get(orderId);
    if (others === undefined) this.#byOrder.set(orderId, [intent]);
    else others.push(intent);
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
