import type { ServiceAppOptions } from "#mesh/http/service-app";
import type { Autocommit, Sql, Transact } from "#mesh/postgres/sql";
import type { ServiceConfig } from "#mesh/service-settings";
import type { PaymentConfig } from "./config.ts";
import { createPaymentHttp } from "./http.ts";
import type { Gateways, PaymentGateway } from "./payment-gateway.ts";
import { createPaymentMetrics } from "./payment-metrics.ts";
import { openPaypal } from "./paypal-gateway.ts";
import { createPaypalVerifier } from "./paypal-signature.ts";
import { createWebhookReceiver, paypalWebhookPath, stripeWebhookPath } from "./receive-webhook.ts";
import type { RefundDeps } from "./send-refund.ts";
import { createSettledCharges } from "./settled-charges.ts";
import { openStripe } from "./stripe-gateway.ts";
import { createWebhookRefusals } from "./webhook-refusals.ts";

export interface PaymentAppOptions extends Omit<ServiceAppOptions, "name" | "rawBodyRoutes"> {
  readonly config: Omit<PaymentConfig, keyof ServiceConfig>;
  readonly sql: Sql;
  readonly transaction: Transact;
  readonly autocommit: Autocommit;
  readonly now: () => Date;
  readonly newId: () => string;
  /** For one call to the provider, in milliseconds. */
  readonly providerTimeoutMs?: number;
}

/** Wires payment-service. `deps` is what its use cases need; the sweep in `main.ts` takes them too. */
export function createPaymentApp(options: PaymentAppOptions) {
  const { config, sql, transaction, autocommit, identity, log, metrics, now, newId } = options;
  const deps: RefundDeps = {
    sql,
    transaction,
    write: autocommit,
    gateways: openGateways(options),
    keyring: config.keyring,
    policy: { capture: config.capture, actionMinutes: config.actionMinutes },
    settled: createSettledCharges(),
    metrics: createPaymentMetrics(metrics),
    log,
    now,
    newId,
  };
  const base = {
    name: "payment-service",
    identity,
    log,
    metrics,
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

function openGateways({ config, providerTimeoutMs }: PaymentAppOptions): Gateways {
  return {
    stripe: openStripe({
      secretKey: config.stripeSecretKey,
      apiUrl: config.stripeApiUrl,
      returnUrl: config.returnUrl,
      timeoutMs: providerTimeoutMs,
    }),
    paypal: paypalOf(config, providerTimeoutMs),
  };
}

/** PayPal is offered when its account is named. */
function paypalOf(
  { paypalClientId, paypalClientSecret, paypalApiUrl }: PaymentAppOptions["config"],
  timeoutMs: number | undefined,
): PaymentGateway | undefined {
  if (paypalClientId === undefined || paypalClientSecret === undefined) return undefined;
  return openPaypal({
    clientId: paypalClientId,
    clientSecret: paypalClientSecret,
    apiUrl: paypalApiUrl,
    timeoutMs,
  });
}
