import { isAdmin, type UserCaller } from "#mesh/identity/caller";
import { type CancelReason, type CancelRefusal, cancellation, cancelling, type Order } from "./order.ts";
import type { OrderDeps } from "./order-deps.ts";
import { cancellationStarted } from "./order-event-data.ts";
import { findOrder } from "./order-store.ts";
import { mayRead } from "./read-orders.ts";
import { runSaga } from "./run-saga.ts";
import { lockSaga, seizeSaga } from "./saga-claim-store.ts";
import type { SagaRun } from "./saga-run.ts";
import { within } from "./within.ts";

export type CancelOrderRefusal = CancelRefusal | { readonly refused: "order-not-found" };

/**
 * Cancels an order that has not left yet, pending or confirmed, by taking its saga over and running it backwards.
 * Whoever worked on the saga is fenced off by that. Gives the order as it is when it is cancelled, or after
 * `answerWithinMs`; then its `cancelReason` says that the cancellation goes on.
 */
export async function cancelOrder(
  deps: OrderDeps,
  caller: UserCaller,
  id: string,
): Promise<Order | CancelOrderRefusal> {
  const began = await begin(deps, caller, id);
  if ("refused" in began || "id" in began) return began;
  const running = runSaga(deps, began);
  deps.background.add(running);
  const ended = await within(running, deps.answerWithinMs);
  if (ended && ended.end !== "superseded") return ended.order;
  return (await findOrder(deps.sql, id)) ?? began.order;
}

/** The run that is to be made, or the order as it is when its cancellation has begun before. */
function begin(
  { transaction, now, newId }: OrderDeps,
  caller: UserCaller,
  id: string,
): Promise<SagaRun | Order | CancelOrderRefusal> {
  return transaction(async (tx) => {
    const saga = await lockSaga(tx, id);
    const order = saga && (await findOrder(tx, id));
    if (!saga || !order || !mayRead(caller, order)) return { refused: "order-not-found" };
    const decided = cancellation(order);
    if (decided === "under-way") return order;
    if (decided !== "begins") return decided;
    const reason: CancelReason =
      isAdmin(caller) && caller.userId !== order.userId ? "requested-by-admin" : "requested-by-customer";
    const lease = newId();
    const turned = cancelling(order, reason, now());
    const event = cancellationStarted(turned, newId());
    // Only a parcel that leaves at this very moment can still come in between.
    if (!(await seizeSaga(tx, { order: turned, lease, event }))) return { refused: "not-cancellable" };
    return {
      order: turned,
      lease,
      step: "cancel-payment",
      attempt: 1,
      ageMs: 0,
      paymentToken: undefined,
      idempotencyKey: saga.idempotencyKey,
    };
  });
}
