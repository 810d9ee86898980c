import type { Sql, Transact } from "#mesh/postgres/sql";
import type { Log } from "#observability/log";
import type { Tracing } from "#observability/trace/tracing";
import type { BackgroundWork } from "./background-work.ts";
import type { OrderMetrics } from "./order-metrics.ts";
import type { PaymentClient } from "./payment-client.ts";
import type { ProductClient } from "./product-client.ts";
import type { NewOrder, SagaEnding } from "./saga-store.ts";

/** What the use cases of order-service stand on, wired once in `app.ts`. */
export interface OrderDeps {
  readonly sql: Sql;
  readonly transaction: Transact;
  /** Stores an order, as `insertOrders`, together with others that come at the same time. */
  readonly insertOrder: (created: NewOrder) => Promise<boolean>;
  /** Ends a saga, as `endSagas`, together with others that end at the same time. */
  readonly endSaga: (ending: SagaEnding) => Promise<boolean>;
  readonly products: ProductClient;
  readonly payments: PaymentClient;
  readonly metrics: OrderMetrics;
  readonly background: BackgroundWork;
  readonly log: Log;
  readonly tracing: Tracing | undefined;
  readonly now: () => Date;
  readonly newId: () => string;
  /** From 0 to 1, for jitter. */
  readonly random: () => number;
  /** How long a client waits for the end of a saga before it is told that it goes on, in milliseconds. */
  readonly answerWithinMs: number;
}
