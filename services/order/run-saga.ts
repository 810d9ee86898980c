import { crashPoint } from "#mesh/crash-point";
import { orderEvent } from "#mesh/events/order-events";
import { cancelled, cancelling, confirmed, type Order, waiting } from "./order.ts";
import type { OrderDeps } from "./order-deps.ts";
import { cancellationStarted, placedData } from "./order-event-data.ts";
import { placingAnswer } from "./placing-answer.ts";
import { decide, lookAgainMs, type Outcome, type RemoteStep, retryDelayMs } from "./saga.ts";
import type { Answer, HistoryEntry, SagaRun } from "./saga-run.ts";
import { deferSaga, type Progress, turnSaga } from "./saga-store.ts";
import { takeStep } from "./take-step.ts";

/** How a run came to its end. After `deferred` the saga goes on later, after `superseded` it goes on elsewhere. */
export type RunEnd =
  | { readonly end: "confirmed" | "cancelled" | "deferred"; readonly order: Order; readonly answer: Answer }
  | { readonly end: "superseded" };

const superseded = { end: "superseded" } as const;

/** What a run has learned so far. */
interface Knowledge {
  order: Order;
  attempt: number;
  history: HistoryEntry[];
  paymentId?: string;
  /** The money is held, and to be captured. */
  held?: boolean;
  facts?: Readonly<Record<string, unknown>>;
}

/**
 * Takes one saga as far as it goes: to its end, or to a step whose outcome is unknown. Nothing is written between the
 * steps, because every step can be repeated; a crash anywhere costs one lease and changes nothing.
 * @throws when the database fails; the saga is then taken up again after its lease
 */
export async function runSaga(deps: OrderDeps, run: SagaRun): Promise<RunEnd> {
  const known: Knowledge = { order: run.order, attempt: run.attempt, history: [] };
  const began = performance.now();
  let step = run.step;
  for (;;) {
    if (step === "confirm-order" || step === "cancel-order") return await finish(deps, run, known, step);
    const stepBegan = performance.now();
    const outcome = await takeStep(deps, run, step);
    deps.metrics.stepped(step, outcome.kind, (performance.now() - stepBegan) / 1000);
    learn(known, step, outcome, deps.now());
    const decision = decide(step, outcome, run.ageMs + performance.now() - began, known.held);
    if ("retry" in decision || "wait" in decision) return await defer(deps, run, known, step);
    if ("go" in decision) step = decision.go;
    else if (await turn(deps, run, known, decision.compensate)) step = "cancel-payment";
    else return superseded;
  }
}

function learn(known: Knowledge, step: RemoteStep, outcome: Outcome, at: Date): void {
  const entry = { at, kind: "step", name: step, outcome: outcome.kind, attempt: known.attempt } as const;
  const waitedBefore = known.order.waitingFor !== undefined;
  if (step === "charge") known.order = waiting(known.order, outcome.kind === "waiting");
  if (outcome.kind === "waiting") {
    // It may be looked a thousand times whether the buyer is done: that is one entry.
    if (!waitedBefore) known.history.push(entry);
  } else if (outcome.kind === "done") {
    if (outcome.paymentId) known.paymentId = outcome.paymentId;
    if (step === "charge") known.held = outcome.held ?? false;
    known.history.push(entry);
  } else if (outcome.kind === "refused") {
    if (outcome.facts) known.facts = outcome.facts;
    known.history.push({ ...entry, detail: outcome.reason });
  } else {
    known.history.push({ ...entry, detail: outcome.detail });
  }
}

const progressOf = ({ lease }: SagaRun, { order, history }: Knowledge): Progress => ({
  order,
  lease,
  history,
});

/** The decision to undo has to be durable before the first thing is undone: nobody may go forward after that. */
async function turn(
  deps: OrderDeps,
  run: SagaRun,
  known: Knowledge,
  reason: NonNullable<Order["cancelReason"]>,
): Promise<boolean> {
  const at = deps.now();
  known.history.push({ at, kind: "decision", name: "compensate", detail: reason });
  const order = cancelling(known.order, reason, at);
  const event = cancellationStarted(order, deps.newId());
  const held = await deps.transaction((tx) => turnSaga(tx, progressOf(run, known), { reason, at, event }));
  known.order = order;
  known.history = [];
  known.attempt = 1;
  return held;
}

async function defer(deps: OrderDeps, run: SagaRun, known: Knowledge, step: RemoteStep): Promise<RunEnd> {
  const answer = placingAnswer(known.order);
  // Waiting for the buyer is not a failure: it neither counts as one nor slows down what comes after it.
  const isWaiting = step === "charge" && known.order.waitingFor !== undefined;
  const delayMs = isWaiting ? lookAgainMs : retryDelayMs(known.attempt, deps.random());
  const attempts = isWaiting ? known.attempt - 1 : known.attempt;
  const held = await deps.transaction((tx) =>
    deferSaga(tx, progressOf(run, known), answer, { step, delayMs, attempts }),
  );
  return held ? { end: "deferred", order: known.order, answer } : superseded;
}

async function finish(
  deps: OrderDeps,
  run: SagaRun,
  known: Knowledge,
  step: "confirm-order" | "cancel-order",
): Promise<RunEnd> {
  const at = deps.now();
  const order = step === "confirm-order" ? confirmedOrder(known, at) : cancelledOrder(known.order, at);
  const detail = order.cancelReason;
  const { paymentId } = order;
  known.history.push({
    at,
    kind: "status",
    name: order.status,
    ...(detail ? { detail } : { data: { paymentId } }),
  });
  const answer = placingAnswer(order, known.facts);
  const event = endEvent(order, deps.newId());
  const progress = { ...progressOf(run, known), order };
  crashPoint("saga-end:before");
  if (!(await deps.endSaga({ progress, answer, event }))) return superseded;
  crashPoint("saga-end:after");
  deps.metrics.reached(order);
  return { end: step === "confirm-order" ? "confirmed" : "cancelled", order, answer };
}

function confirmedOrder({ order, paymentId }: Knowledge, at: Date): Order {
  if (!paymentId) throw new Error(`Order ${order.id} would be confirmed without a payment`);
  return confirmed(order, paymentId, at);
}

function cancelledOrder(order: Order, at: Date): Order {
  if (!order.cancelReason) throw new Error(`Order ${order.id} would be cancelled without a reason`);
  return cancelled(order, order.cancelReason, at);
}

function endEvent(order: Order, id: string) {
  const about = { id, subject: order.id, time: order.updatedAt };
  if (order.status === "cancelled") {
    const { userId, total, cancelReason: reason = "" } = order;
    return orderEvent("ecotrack.order.cancelled.v1", {
      ...about,
      data: { orderId: order.id, userId, reason, total },
    });
  }
  const data = { ...placedData(order), paymentId: order.paymentId ?? "" };
  return orderEvent("ecotrack.order.confirmed.v1", { ...about, data });
}
