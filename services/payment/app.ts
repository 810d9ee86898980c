import type { ServiceAppOptions } from "#mesh/http/service-app";
import { createPaymentHttp } from "./http.ts";
import { createPaymentDeps, type PaymentDepsOptions } from "./payment-deps.ts";
import { createPaypalVerifier } from "./paypal-signature.ts";
import { createWebhookReceiver, paypalWebhookPath, stripeWebhookPath } from "./receive-webhook.ts";
import { createWebhookRefusals } from "./webhook-refusals.ts";

export interface PaymentAppOptions
  extends Omit<ServiceAppOptions, "name" | "rawBodyRoutes">,
    PaymentDepsOptions {}

/** Wires payment-service. `deps` is what its use cases need; the sweep in `main.ts` takes them too. */
export function createPaymentApp(options: PaymentAppOptions) {
  const { config, sql, identity, log, metrics, tracing, now } = options;
  const deps = createPaymentDeps(options);
  const base = {
    name: "payment-service",
    identity,
    log,
    metrics,
    tracing,
    rawBodyRoutes: [stripeWebhookPath, paypalWebhookPath],
  } as const;
  const { paypalWebhookId: webhookId, paypalApiUrl: apiUrl } = config;
  const webhooks = createWebhookReceiver(deps, {
    stripeSecret: config.stripeWebhookSecret,
    paypal: webhookId === undefined ? undefined : createPaypalVerifier({ webhookId, apiUrl, now }),
    refusals: createWebhookRefusals(sql, now),
  });
  return { app: createPaymentHttp(base, deps, webhooks), deps };
}
