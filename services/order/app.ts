import { gather } from "#mesh/gather";
import { createClient, type ServiceClient } from "#mesh/http/client";
import type { ServiceAppOptions } from "#mesh/http/service-app";
import type { ServiceTokens } from "#mesh/identity/service-tokens";
import type { Autocommit, Sql, Transact } from "#mesh/postgres/sql";
import { startAuditing } from "./audit-orders.ts";
import { createBackgroundWork } from "./background-work.ts";
import type { OrderConfig } from "./config.ts";
import { createOrderHttp } from "./http.ts";
import type { OrderDeps } from "./order-deps.ts";
import { createOrderMetrics } from "./order-metrics.ts";
import { createPaymentClient } from "./payment-client.ts";
import { createProductClient } from "./product-client.ts";
import { type ResumeOptions, startResuming } from "./resume-sagas.ts";
import { endSagas, insertOrders, type NewOrder, type SagaEnding } from "./saga-store.ts";

const answerWithinMs = 2000;
/** What is not done by then is taken up by another process, or by this one after its restart. */
const drainMs = 5000;

export interface OrderAppOptions extends Omit<ServiceAppOptions, "name"> {
  readonly sql: Sql;
  readonly transaction: Transact;
  readonly autocommit: Autocommit;
  readonly productService: ServiceClient;
  readonly paymentService: ServiceClient;
  readonly now: () => Date;
  readonly newId: () => string;
  readonly answerWithinMs?: number;
  readonly resume?: ResumeOptions;
}

/** Wires order-service. It takes up unfinished sagas until it is closed. */
export function createOrderApp(options: OrderAppOptions) {
  const {
    sql,
    transaction,
    autocommit,
    productService,
    paymentService,
    identity,
    log,
    metrics,
    tracing,
    now,
    newId,
  } = options;
  const background = createBackgroundWork(log);
  const deps: OrderDeps = {
    sql,
    transaction,
    // Nobody is told that the first event waits: the end of the saga, which comes soon, wakes the relay for both.
    insertOrder: gather<NewOrder, boolean>({ together: (batch) => insertOrders(sql, batch) }),
    endSaga: gather<SagaEnding, boolean>({
      together: (batch) => autocommit((each) => endSagas(each, batch)),
    }),
    products: createProductClient(productService),
    payments: createPaymentClient(paymentService),
    metrics: createOrderMetrics(metrics, sql),
    background,
    log,
    tracing,
    now,
    newId,
    random: Math.random,
    answerWithinMs: options.answerWithinMs ?? answerWithinMs,
  };
  const resuming = startResuming(deps, options.resume);
  const auditing = startAuditing(deps);
  return {
    deps,
    app: createOrderHttp({ name: "order-service", identity, log, metrics, tracing }, deps),
    close: async () => {
      await Promise.all([resuming.stop(), auditing.stop()]);
      await background.settled(drainMs);
    },
  };
}

/** The calls of one run together have to end within its lease; see `saga-store.ts`. */
export function openClients(
  config: Pick<OrderConfig, "productServiceUrl" | "paymentServiceUrl">,
  {
    serviceTokens: tokens,
    metrics,
    log,
  }: Pick<ServiceAppOptions, "metrics" | "log"> & { serviceTokens: ServiceTokens },
) {
  const common = { caller: "order-service", tokens, metrics, log, retries: 1 } as const;
  return {
    productService: createClient({
      ...common,
      service: "product-service",
      baseUrl: config.productServiceUrl,
      deadlineMs: 2000,
      breaker: { failures: 5, openMs: 30_000 },
    }),
    paymentService: createClient({
      ...common,
      service: "payment-service",
      baseUrl: config.paymentServiceUrl,
      deadlineMs: 4000,
      breaker: { failures: 3, openMs: 60_000 },
    }),
  };
}
