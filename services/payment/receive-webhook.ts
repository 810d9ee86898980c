import { ProblemError, problems } from "#mesh/problem";
import type { WebhookResult } from "./apply-event.ts";
import { CertificateUnavailable, type PaypalVerifier } from "./paypal-signature.ts";
import { paymentProblems, signatureProblem } from "./problems.ts";
import type { RefundDeps } from "./send-refund.ts";
import type { SignatureRefusal } from "./signature-refusal.ts";
import { refuseSignature } from "./stripe-signature.ts";
import { takeNews } from "./take-news.ts";
import type { WebhookRefusals } from "./webhook-refusals.ts";

export const stripeWebhookPath = "/webhooks/stripe";
export const paypalWebhookPath = "/webhooks/paypal";

export interface WebhookChecks {
  readonly stripeSecret: string;
  /** Undefined where PayPal is not configured. */
  readonly paypal: PaypalVerifier | undefined;
  readonly refusals: WebhookRefusals;
}

/** Who receives the providers' events: checks the signature, then takes them. @throws ProblemError for what is not taken */
export function createWebhookReceiver(deps: RefundDeps, { stripeSecret, paypal, refusals }: WebhookChecks) {
  async function accept(gateway: "stripe" | "paypal", refusal: SignatureRefusal | undefined): Promise<void> {
    if (refusal === undefined) return;
    await refusals.note(gateway, refusal);
    throw new ProblemError(signatureProblem(refusal));
  }
  return {
    async stripe(body: string, headers: Headers) {
      await accept(
        "stripe",
        refuseSignature(body, headers.get("stripe-signature"), stripeSecret, deps.now()),
      );
      return taken(await takeNews(deps, "stripe", body));
    },
    async paypal(body: string, headers: Headers) {
      if (paypal === undefined) throw new ProblemError(problems.notFound("PayPal is not configured"));
      await accept("paypal", await verified(paypal, headers, body));
      return taken(await takeNews(deps, "paypal", body));
    },
  };
}

export type WebhookReceiver = ReturnType<typeof createWebhookReceiver>;

/** Without the certificate nothing is decided: PayPal comes again. */
async function verified(
  verify: PaypalVerifier,
  headers: Headers,
  body: string,
): Promise<SignatureRefusal | undefined> {
  try {
    return await verify(headers, body);
  } catch (error) {
    if (!(error instanceof CertificateUnavailable)) throw error;
    throw new ProblemError(problems.unavailable("PayPal's certificate"));
  }
}

function taken(result: WebhookResult): { received: true } {
  if (result === "malformed") throw new ProblemError(paymentProblems.webhookMalformed);
  return { received: true };
}
