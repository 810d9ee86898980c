import { type Attributes, SpanKind } from "@opentelemetry/api";
import { inEntrySpan } from "#observability/trace/in-entry-span";
import { inSpan } from "#observability/trace/in-span";
import { linkedContext, originOf } from "#observability/trace/linked-context";
import type { OrderDeps } from "./order-deps.ts";
import { type RunEnd, runSaga } from "./run-saga.ts";
import type { ClaimedSaga } from "./saga-claim-store.ts";
import type { SagaRun } from "./saga-run.ts";

const name = "order-processing";

const about = ({ order, attempt, step }: SagaRun): Attributes => ({
  "order.id": order.id,
  "order.items": order.items.length,
  "order.payment_method": order.paymentMethod,
  "saga.attempt": attempt,
  "saga.step": step,
});

/** The saga's first run, as a part of the request that placed the order. @throws as `runSaga` */
export const processOrder = (deps: OrderDeps, run: SagaRun): Promise<RunEnd> =>
  inSpan(name, { attributes: about(run) }, async (span) => {
    const ended = await runSaga(deps, run);
    span.setAttribute("order.outcome", ended.end);
    return ended;
  });

/** A later run, in a trace of its own that leads to the one the order was placed in: that one is over. @throws as `runSaga` */
export function resumeOrder(deps: OrderDeps, saga: ClaimedSaga): Promise<RunEnd> {
  const { traceparent, correlationId, ...run } = saga;
  const { context, links } = linkedContext([originOf(traceparent, correlationId)]);
  const attributes = (ended?: RunEnd) => ({ ...about(run), ...(ended && { "order.outcome": ended.end }) });
  const span = { name, kind: SpanKind.INTERNAL, links, attributes };
  return inEntrySpan(deps.tracing, { ...context, userId: run.order.userId }, span, () => runSaga(deps, run));
}
