import type { UserCaller } from "#mesh/identity/caller";
import { cancelOrder } from "./cancel-order.ts";
import type { Order } from "./order.ts";
import type { OrderDeps } from "./order-deps.ts";
import { backwardSteps, type SagaStep } from "./saga.ts";
import { lockSaga } from "./saga-claim-store.ts";
import {
  findStuckSagas,
  hurrySaga,
  noteAbandoned,
  type StuckSaga,
  skipStep,
} from "./saga-operation-store.ts";

export type OperateRefusal =
  | { readonly refused: "saga-not-found" }
  | { readonly refused: "saga-ended" }
  | { readonly refused: "order-not-found" | "already-cancelled" | "not-cancellable" };

/** One page of the sagas that did not end by themselves, the oldest first, and whether there are more. */
export async function stuckSagas(
  { sql }: OrderDeps,
  { after, limit }: { after: string | undefined; limit: number },
): Promise<{ sagas: StuckSaga[]; more: boolean }> {
  const found = await findStuckSagas(sql, { after, limit: limit + 1 });
  return { sagas: found.slice(0, limit), more: found.length > limit };
}

/** Takes the saga up now instead of when its next try is due. One that somebody works on at this moment is left to them. */
export function retrySaga(
  deps: OrderDeps,
  caller: UserCaller,
  orderId: string,
): Promise<{ readonly step: SagaStep } | OperateRefusal> {
  return deps.transaction(async (tx) => {
    const saga = await lockSaga(tx, orderId);
    if (!saga) return { refused: "saga-not-found" };
    if (!saga.step) return { refused: "saga-ended" };
    await hurrySaga(tx, { orderId, at: deps.now(), by: caller.userId });
    return { step: saga.step };
  });
}

/**
 * Gives up what does not come to an end. Going forward: the order is cancelled. Going back: the step at which it is stuck
 * is passed over, because a person has seen to it (`note` says how), and the saga goes on with the next.
 */
export async function abandonSaga(
  deps: OrderDeps,
  caller: UserCaller,
  { orderId, note }: { orderId: string; note: string },
): Promise<{ readonly step: SagaStep } | Order | OperateRefusal> {
  const skipped = await deps.transaction(async (tx) => {
    const saga = await lockSaga(tx, orderId);
    if (!saga) return { refused: "saga-not-found" } as const;
    if (!saga.step) return { refused: "saga-ended" } as const;
    const steps: readonly SagaStep[] = backwardSteps;
    const at = steps.indexOf(saga.step);
    const abandoned = { orderId, step: saga.step, note, at: deps.now(), by: caller.userId };
    if (at < 0) {
      await noteAbandoned(tx, abandoned);
      return "forward" as const;
    }
    const next = steps[at + 1];
    if (!next) return { step: saga.step };
    await skipStep(tx, abandoned, next);
    return { step: next };
  });
  if (skipped !== "forward") return skipped;
  return await cancelOrder(deps, caller, orderId);
}
