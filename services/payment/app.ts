import type { ServiceAppOptions } from "#mesh/http/service-app";
import type { Autocommit, Sql, Transact } from "#mesh/postgres/sql";
import type { ServiceConfig } from "#mesh/service-settings";
import type { PaymentConfig } from "./config.ts";
import { createPaymentHttp, stripeWebhookPath } from "./http.ts";
import type { Gateways } from "./payment-gateway.ts";
import { createPaymentMetrics } from "./payment-metrics.ts";
import type { RefundDeps } from "./send-refund.ts";
import { createSettledCharges } from "./settled-charges.ts";
import { openStripe } from "./stripe-gateway.ts";

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
    rawBodyRoutes: [stripeWebhookPath],
  } as const;
  return { app: createPaymentHttp(base, deps, config.stripeWebhookSecret), deps };
}

function openGateways({ config, providerTimeoutMs }: PaymentAppOptions): Gateways {
  return {
    stripe: openStripe({
      secretKey: config.stripeSecretKey,
      apiUrl: config.stripeApiUrl,
      returnUrl: config.returnUrl,
      timeoutMs: providerTimeoutMs,
    }),
    paypal: undefined,
  };
}
