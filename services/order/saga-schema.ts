import { type Static, Type } from "@sinclair/typebox";
import { Uuid } from "#mesh/uuid-schema";
import { cancelReasons, orderStatuses } from "./order.ts";
import { HistoryQuery, line, oneOf, page } from "./order-schema.ts";
import { backwardSteps, forwardSteps } from "./saga.ts";
import type { StuckSaga } from "./saga-operation-store.ts";

const step = oneOf([...forwardSteps, ...backwardSteps]);

export const SagaParams = Type.Object({ orderId: Uuid });
export const SagaQuery = HistoryQuery;
export const AbandonBody = Type.Object(
  { note: { ...line(500), description: "What was done by hand, or why nothing is to be done" } },
  { additionalProperties: false },
);
export const SagaStepView = Type.Object({ step });

const SagaView = Type.Object({
  orderId: Uuid,
  orderStatus: oneOf(orderStatuses),
  cancelReason: Type.Optional(oneOf(cancelReasons)),
  step,
  attempts: Type.Integer(),
  startedAt: Type.String({ format: "date-time" }),
  dueAt: Type.String({ format: "date-time" }),
  lastOutcome: Type.Optional(Type.String()),
});
export const SagaPage = page(SagaView);

/** A saga as operators see it. */
export const sagaView = ({
  cancelReason,
  startedAt,
  dueAt,
  lastOutcome,
  ...saga
}: StuckSaga): Static<typeof SagaView> => ({
  ...saga,
  startedAt: startedAt.toISOString(),
  dueAt: dueAt.toISOString(),
  ...(cancelReason && { cancelReason }),
  ...(lastOutcome && { lastOutcome }),
});
