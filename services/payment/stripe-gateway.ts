import Stripe from "stripe";
import type { Money } from "#mesh/money";

/** What the provider says of a charge. `unknown` means that it may or may not have happened. */
export type ChargeOutcome =
  | { readonly outcome: "captured"; readonly reference: string }
  | {
      readonly outcome: "declined";
      readonly reference: string | null;
      readonly code: string;
      readonly detail: string;
    }
  | { readonly outcome: "unknown"; readonly reason: string };

export type RefundOutcome =
  | { readonly outcome: "succeeded"; readonly reference: string }
  | { readonly outcome: "refused"; readonly code: string }
  | { readonly outcome: "unknown"; readonly reason: string };

/** `reference` is the charge's, `amount` in minor units of its currency. */
export interface RefundOrder {
  readonly refundId: string;
  readonly reference: string;
  readonly amount: number;
}

export interface StripeOptions {
  readonly secretKey: string;
  /** Where Stripe's API is; the real one when undefined. */
  readonly apiUrl?: string | undefined;
  /** For one attempt, in milliseconds; shorter than order-service waits for us, so that it gets our 202. */
  readonly timeoutMs?: number;
}

export type StripeGateway = ReturnType<typeof openStripe>;

/** The payment provider: the one place that knows Stripe's client. Nothing in it throws for what Stripe answers. */
export function openStripe({ secretKey, apiUrl, timeoutMs = 3_000 }: StripeOptions) {
  const stripe = new Stripe(secretKey, {
    ...(apiUrl === undefined ? {} : addressOf(apiUrl)),
    httpClient: Stripe.createFetchHttpClient(),
    timeout: timeoutMs,
    // Retries are ours: they outlive the process, and use the same key.
    maxNetworkRetries: 0,
    telemetry: false,
  });

  return {
    /** Charges at once. The same order is never charged twice: its id is the provider's idempotency key. */
    async charge(order: { orderId: string; amount: Money; cardToken: string }): Promise<ChargeOutcome> {
      try {
        const intent = await stripe.paymentIntents.create(
          {
            amount: order.amount.amount,
            currency: order.amount.currency.toLowerCase(),
            payment_method: order.cardToken,
            allowed_payment_method_types: ["card"],
            confirm: true,
            error_on_requires_action: true,
            metadata: { orderId: order.orderId },
          },
          { idempotencyKey: `charge-${order.orderId}` },
        );
        return outcomeOf(intent);
      } catch (error) {
        return chargeRefusal(error);
      }
    },

    /**
     * Looks for a charge by order id, for when its key may be forgotten (Stripe keeps keys for 24 h). What was
     * charged within the last minute may be missing from it.
     */
    async find(orderId: string): Promise<ChargeOutcome> {
      try {
        const found = await stripe.paymentIntents.search({ query: `metadata['orderId']:'${orderId}'` });
        const paid = found.data.find(({ status }) => status === "succeeded") ?? found.data[0];
        if (paid !== undefined) return outcomeOf(paid);
        return { outcome: "declined", reference: null, code: "never_charged", detail: "No charge was made" };
      } catch (error) {
        return { outcome: "unknown", reason: reasonOf(error) };
      }
    },

    /** Sends money back; the same refund never twice, as its id is the provider's idempotency key. */
    async refund({ refundId, reference, amount }: RefundOrder): Promise<RefundOutcome> {
      try {
        const made = await stripe.refunds.create(
          { payment_intent: reference, amount, metadata: { refundId } },
          { idempotencyKey: `refund-${refundId}` },
        );
        return refundOutcome(made);
      } catch (error) {
        if (!isFinal(error)) return { outcome: "unknown", reason: reasonOf(error) };
        return { outcome: "refused", code: error.code ?? error.type };
      }
    },

    /** Looks for a refund by its id, for when its key may be forgotten. */
    async findRefund({ refundId, reference }: RefundOrder): Promise<RefundOutcome> {
      try {
        const listed = await stripe.refunds.list({ payment_intent: reference, limit: 100 });
        const made = listed.data.find(({ metadata }) => metadata?.refundId === refundId);
        return made === undefined ? { outcome: "refused", code: "never_refunded" } : refundOutcome(made);
      } catch (error) {
        return { outcome: "unknown", reason: reasonOf(error) };
      }
    },
  };
}

// Whatever stands between us and the provider may answer JSON too, and the client hands on any that has no `error`:
// so nothing but what is known to be final counts as final.
function outcomeOf(intent: Stripe.PaymentIntent): ChargeOutcome {
  const { id, status, last_payment_error: failure } = intent;
  if (status === "succeeded") return { outcome: "captured", reference: id };
  if (!notPaid.has(status)) return { outcome: "unknown", reason: `intent-${status}` };
  return {
    outcome: "declined",
    reference: id,
    code: failure?.decline_code ?? failure?.code ?? status,
    detail: failure?.message ?? "The payment was not completed",
  };
}

const notPaid: ReadonlySet<string> = new Set<Stripe.PaymentIntent.Status>([
  "canceled",
  "requires_action",
  "requires_confirmation",
  "requires_payment_method",
]);

/** `pending` is a card refund that was accepted and is still on its way to the bank. */
function refundOutcome({ id, status, failure_reason }: Stripe.Refund): RefundOutcome {
  if (status === "succeeded" || status === "pending") return { outcome: "succeeded", reference: id };
  if (status === "failed" || status === "canceled") {
    return { outcome: "refused", code: failure_reason ?? status };
  }
  return { outcome: "unknown", reason: `refund-${status}` };
}

function chargeRefusal(error: unknown): ChargeOutcome {
  if (!isFinal(error)) return { outcome: "unknown", reason: reasonOf(error) };
  return {
    outcome: "declined",
    reference: error.payment_intent?.id ?? null,
    code: error.decline_code ?? error.code ?? error.type,
    // Only what the provider says of the card is meant for the one who pays.
    detail: error instanceof Stripe.errors.StripeCardError ? error.message : "The payment was not accepted",
  };
}

/**
 * Whether an answer says for sure that nothing was done. Not so: no answer, a conflict with a call under way, a
 * key used for something else, too many requests, a key of ours that is refused, and every fault of the provider.
 */
function isFinal(error: unknown): error is Stripe.errors.StripeError {
  if (!(error instanceof Stripe.errors.StripeError)) return false;
  if (error instanceof Stripe.errors.StripeIdempotencyError) return false;
  return error.statusCode === 400 || error.statusCode === 402 || error.statusCode === 404;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Stripe.errors.StripeError)) return "unreadable-answer";
  return error.statusCode === undefined ? "no-answer" : `status-${error.statusCode}`;
}

function addressOf(apiUrl: string): Pick<Stripe.StripeConfig, "host" | "port" | "protocol"> {
  const { hostname, port, protocol } = new URL(apiUrl);
  const http = protocol === "http:";
  return {
    host: hostname,
    port: port === "" ? (http ? 80 : 443) : Number(port),
    protocol: http ? "http" : "https",
  };
}
