import type { ServiceAppOptions } from "#mesh/http/service-app";
import type { Sql, Transact } from "#mesh/postgres/sql";
import type { PaymentConfig } from "./config.ts";
import { createPaymentHttp, stripeWebhookPath } from "./http.ts";
import { createPaymentMetrics } from "./payment-metrics.ts";
import type { RefundDeps } from "./send-refund.ts";
import { createSettledCharges } from "./settled-charges.ts";
import { openStripe } from "./stripe-gateway.ts";

export interface PaymentAppOptions extends Omit<ServiceAppOptions, "name" | "rawBodyRoutes"> {
  readonly config: Pick<PaymentConfig, "stripeSecretKey" | "stripeWebhookSecret" | "stripeApiUrl">;
  readonly sql: Sql;
  readonly transaction: Transact;
  readonly now: () => Date;
  readonly newId: () => string;
  /** For one call to the provider, in milliseconds. */
  readonly stripeTimeoutMs?: number;
}

/** Wires payment-service. `deps` is what its use cases need; the sweep in `main.ts` takes them too. */
export function createPaymentApp(options: PaymentAppOptions) {
  const { config, sql, transaction, identity, log, metrics, now, newId, stripeTimeoutMs } = options;
  const deps: RefundDeps = {
    sql,
    transaction,
    stripe: openStripe({
      secretKey: config.stripeSecretKey,
      apiUrl: config.stripeApiUrl,
      ...(stripeTimeoutMs !== undefined && { timeoutMs: stripeTimeoutMs }),
    }),
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
