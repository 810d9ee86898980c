import { gather } from "#mesh/gather";
import type { Autocommit, Sql, Transact } from "#mesh/postgres/sql";
import type { ServiceConfig } from "#mesh/service-settings";
import type { Log } from "#observability/log";
import type { Metrics } from "#observability/metrics";
import type { PaymentConfig } from "./config.ts";
import type { Gateways, PaymentGateway } from "./payment-gateway.ts";
import { createPaymentMetrics } from "./payment-metrics.ts";
import { insertCharges, type NewCharge } from "./payment-store.ts";
import { openPaypal } from "./paypal-gateway.ts";
import type { RefundDeps } from "./send-refund.ts";
import { type Booked, type Captured, settleCaptured } from "./settle-store.ts";
import { createSettledCharges } from "./settled-charges.ts";
import { openStripe } from "./stripe-gateway.ts";

export interface PaymentDepsOptions {
  readonly config: Omit<PaymentConfig, keyof ServiceConfig>;
  readonly sql: Sql;
  readonly transaction: Transact;
  readonly autocommit: Autocommit;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly now: () => Date;
  readonly newId: () => string;
  /** For one call to a provider, in milliseconds. */
  readonly providerTimeoutMs?: number;
}

/** What the use cases of payment-service need. */
export function createPaymentDeps(options: PaymentDepsOptions): RefundDeps {
  const { config, sql, transaction, autocommit, log, metrics, now, newId } = options;
  return {
    sql,
    transaction,
    write: autocommit,
    insertCharge: gather<NewCharge, boolean>({ together: (batch) => insertCharges(sql, batch) }),
    settleCaptured: gather<Captured, Booked | undefined>({
      together: (batch) => autocommit((each) => settleCaptured(each, batch)),
    }),
    gateways: openGateways(options),
    keyring: config.keyring,
    policy: {
      capture: config.capture,
      actionMinutes: config.actionMinutes,
      refundAgainMinutes: config.refundAgainMinutes,
    },
    settled: createSettledCharges(),
    metrics: createPaymentMetrics(metrics),
    log,
    now,
    newId,
  };
}

function openGateways({ config, providerTimeoutMs }: PaymentDepsOptions): Gateways {
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
  {
    paypalClientId: clientId,
    paypalClientSecret: clientSecret,
    paypalApiUrl: apiUrl,
  }: PaymentDepsOptions["config"],
  timeoutMs: number | undefined,
): PaymentGateway | undefined {
  if (clientId === undefined || clientSecret === undefined) return undefined;
  return openPaypal({ clientId, clientSecret, apiUrl, timeoutMs });
}
