import { decodeCursor, encodeCursor } from "#mesh/http/cursor";
import type { createServiceApp } from "#mesh/http/service-app";
import { Uuid } from "#mesh/uuid-schema";
import { abandonSaga, retrySaga, stuckSagas } from "./operate-saga.ts";
import type { OrderDeps } from "./order-deps.ts";
import { NoBody, OrderParams, OrderView, orderView, ShipBody } from "./order-schema.ts";
import { ordersPath } from "./placing-answer.ts";
import { accepted } from "./problems.ts";
import { AbandonBody, SagaPage, SagaParams, SagaQuery, SagaStepView, sagaView } from "./saga-schema.ts";
import { deliverOrder, shipOrder } from "./ship-order.ts";

const defaultPageSize = 20;
const orders = ["orders"];
const sagas = ["sagas"];

/** What only an admin may do: parcels, and sagas that need a hand. */
export function createOperatorHttp(app: ReturnType<typeof createServiceApp>, deps: OrderDeps) {
  return app
    .post(
      `${ordersPath}/:id/ship`,
      async ({ caller, params, body }) =>
        orderView(accepted(await shipOrder(deps, caller, params.id.toLowerCase(), body))),
      {
        admin: "orders:operate",
        params: OrderParams,
        body: ShipBody,
        response: { 200: OrderView },
        detail: {
          summary: "Note that the parcel is with the carrier",
          description: "From then on the order cannot be cancelled. May be repeated.",
          tags: orders,
        },
      },
    )
    .post(
      `${ordersPath}/:id/deliver`,
      async ({ caller, params }) =>
        orderView(accepted(await deliverOrder(deps, caller, params.id.toLowerCase()))),
      {
        admin: "orders:operate",
        params: OrderParams,
        body: NoBody,
        response: { 200: OrderView },
        detail: {
          summary: "Note that the parcel has arrived",
          description: "May be repeated.",
          tags: orders,
        },
      },
    )
    .get(
      "/api/sagas",
      async ({ query: { cursor, limit } }) => {
        const after = cursor ? decodeCursor(Uuid, cursor) : undefined;
        const { sagas: found, more } = await stuckSagas(deps, {
          after,
          limit: Number(limit ?? defaultPageSize),
        });
        const last = found.at(-1);
        return { data: found.map(sagaView), nextCursor: more && last ? encodeCursor(last.orderId) : null };
      },
      {
        admin: "orders:operate",
        query: SagaQuery,
        response: { 200: SagaPage },
        detail: {
          summary: "Sagas that need a hand",
          description:
            "Tried again and again without an end, or overdue and taken up by nobody; the oldest first.",
          tags: sagas,
        },
      },
    )
    .post(
      "/api/sagas/:orderId/retry",
      async ({ caller, params }) => accepted(await retrySaga(deps, caller, params.orderId.toLowerCase())),
      {
        admin: "orders:operate",
        params: SagaParams,
        body: NoBody,
        response: { 200: SagaStepView },
        detail: { summary: "Take a saga up now instead of when it is due", tags: sagas },
      },
    )
    .post(
      "/api/sagas/:orderId/abandon",
      async ({ caller, params, body: { note } }) => {
        const orderId = params.orderId.toLowerCase();
        const abandoned = accepted(await abandonSaga(deps, caller, { orderId, note }));
        return { step: "step" in abandoned ? abandoned.step : "cancel-payment" };
      },
      {
        admin: "orders:operate",
        params: SagaParams,
        body: AbandonBody,
        response: { 200: SagaStepView },
        detail: {
          summary: "Give up what does not come to an end",
          description:
            "An order that still goes forward is cancelled. Of one that is being cancelled, the step at which it is " +
            "stuck is passed over: see to it by hand first, and say so in the note, which stays in the history.",
          tags: sagas,
        },
      },
    );
}
