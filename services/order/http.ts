import { Type } from "@sinclair/typebox";
import { decodeCursor, encodeCursor } from "#mesh/http/cursor";
import { createServiceApp, type ServiceAppOptions } from "#mesh/http/service-app";
import { ProblemError } from "#mesh/problem";
import { Uuid } from "#mesh/uuid-schema";
import { cancelOrder } from "./cancel-order.ts";
import { carriesCardNumber } from "./card-number.ts";
import { createOperatorHttp } from "./operator-http.ts";
import type { OrderDeps } from "./order-deps.ts";
import {
  HistoryPage,
  HistoryQuery,
  ListQuery,
  NoBody,
  OrderPage,
  OrderParams,
  OrderView,
  orderView,
  PlaceOrderBody,
} from "./order-schema.ts";
import { type PlaceRefusal, placeOrder } from "./place-order.ts";
import { ordersPath } from "./placing-answer.ts";
import { accepted, refusalProblem } from "./problems.ts";
import { readHistory, readOrder, readOrders } from "./read-orders.ts";

const tags = ["orders"];
const defaultPageSize = 20;
const visibleAscii = /^[\x21-\x7e]{1,255}$/;

/** The routes of order-service. */
export function createOrderHttp(base: ServiceAppOptions, deps: OrderDeps) {
  return createOperatorHttp(createServiceApp(base), deps)
    .macro({ refuseCardNumbers: { transform: refuseCardNumbers } })
    .post(
      ordersPath,
      async ({ body, caller, request }) => {
        const idempotencyKey = accepted(readKey(request.headers.get("idempotency-key")));
        const placed = accepted(await placeOrder(deps, { ...body, userId: caller.userId, idempotencyKey }));
        return new Response(placed.body, { status: placed.status, headers: answerHeaders(placed) });
      },
      {
        user: "orders:write",
        refuseCardNumbers: true,
        body: PlaceOrderBody,
        response: { 201: OrderView },
        detail: {
          summary: "Place an order and pay for it",
          description:
            "The answer is final in most cases; an order that is still `pending` after 2 seconds is worked on further.",
          parameters: [
            {
              name: "Idempotency-Key",
              in: "header",
              required: true,
              description: "New for each order; a repeat within 24 hours gets the first answer again",
              schema: { type: "string", minLength: 1, maxLength: 255 },
            },
          ],
          tags,
        },
      },
    )
    .get(
      ordersPath,
      async ({ caller, query: { cursor, limit, status, userId, scope } }) => {
        const { orders, more } = accepted(
          await readOrders(deps.sql, caller, {
            limit: Number(limit ?? defaultPageSize),
            ...(cursor && { before: decodeCursor(Uuid, cursor) }),
            ...(status && { status }),
            ...(userId && { userId: userId.toLowerCase() }),
            ...(scope && { scope }),
          }),
        );
        const last = orders.at(-1);
        return { data: orders.map(orderView), nextCursor: more && last ? encodeCursor(last.id) : null };
      },
      {
        user: "orders:read",
        query: ListQuery,
        response: { 200: OrderPage },
        detail: { summary: "List orders", tags },
      },
    )
    .get(
      `${ordersPath}/:id`,
      async ({ caller, params }) => orderView(accepted(await readOrder(deps.sql, caller, params.id))),
      {
        user: "orders:read",
        params: OrderParams,
        response: { 200: OrderView },
        detail: { summary: "Read an order", tags },
      },
    )
    .get(
      `${ordersPath}/:id/history`,
      async ({ caller, params: { id }, query: { cursor, limit } }) => {
        const after = cursor ? decodeCursor(Type.Integer({ minimum: 0 }), cursor) : 0;
        const page = { id, after, limit: Number(limit ?? defaultPageSize) };
        const { entries, more } = accepted(await readHistory(deps.sql, caller, page));
        const last = entries.at(-1);
        return {
          data: entries.map(({ id: _place, at, ...entry }) => ({ at: at.toISOString(), ...entry })),
          nextCursor: more && last ? encodeCursor(last.id) : null,
        };
      },
      {
        user: "orders:read",
        params: OrderParams,
        query: HistoryQuery,
        response: { 200: HistoryPage },
        detail: { summary: "What happened to an order: statuses, and the steps of its saga", tags },
      },
    )
    .post(
      `${ordersPath}/:id/cancel`,
      async ({ caller, params }) =>
        orderView(accepted(await cancelOrder(deps, caller, params.id.toLowerCase()))),
      {
        user: "orders:write",
        params: OrderParams,
        body: NoBody,
        response: { 200: OrderView },
        detail: {
          summary: "Cancel an order that has not left yet",
          description:
            "With a `cancelReason` and another status than `cancelled` the cancellation is under way.",
          tags,
        },
      },
    );
}

/** Comes before the body is checked: an answer about a body must not quote a card number either. */
function refuseCardNumbers({ body }: { body: unknown }): void {
  if (carriesCardNumber(body)) throw new ProblemError(refusalProblem({ refused: "card-number-refused" }));
}

function readKey(key: string | null): string | PlaceRefusal {
  if (key === null || key === "") return { refused: "idempotency-key-missing" };
  return visibleAscii.test(key) ? key : { refused: "idempotency-key-invalid" };
}

function answerHeaders({ status, replayed }: { status: number; replayed: boolean }): Record<string, string> {
  return {
    "content-type": status < 400 ? "application/json" : "application/problem+json",
    "cache-control": "no-store",
    ...(replayed && { "idempotency-replayed": "true" }),
  };
}
