import type { createServiceApp } from "#mesh/http/service-app";
import { confirmHold } from "./confirm-hold.ts";
import { holdForOrder } from "./hold-stock.ts";
import type { ProductDeps } from "./product-deps.ts";
import { priceView } from "./product-view.ts";
import { releaseHold } from "./release-hold.ts";
import {
  ConfirmsBody,
  defaultHoldSeconds,
  FindBody,
  HoldsBody,
  OutcomesView,
  PricesBody,
  PricesView,
  ReleasedView,
  ReservationParams,
  ReservationsView,
} from "./reservation-schema.ts";
import { findReservations } from "./stock-store.ts";

/**
 * What only order-service may call. It is on the way of every order, so each is one statement or none, for many orders at
 * a time; what one order is refused says nothing of the others.
 */
export function createReservationHttp(app: ReturnType<typeof createServiceApp>, deps: ProductDeps) {
  const tags = ["internal"];
  return app
    .post(
      "/internal/prices",
      async ({ body }) => ({ products: (await deps.catalogue.products(body.productIds)).map(priceView) }),
      {
        services: ["order-service"],
        body: PricesBody,
        response: { 200: PricesView },
        detail: { summary: "Prices and footprints; what is not for sale is left out", tags },
      },
    )
    .post(
      "/internal/reservations/find",
      async ({ body }) => ({ reservations: await findReservations(deps.sql, body.orderIds) }),
      {
        services: ["order-service"],
        body: FindBody,
        response: { 200: ReservationsView },
        detail: { summary: "How the reservations of these orders stand, for the audit", tags },
      },
    )
    .put(
      "/internal/reservations",
      async ({ body: { holds } }) => ({
        outcomes: await Promise.all(
          holds.map(async ({ orderId, items, expiresInSeconds = defaultHoldSeconds }) => {
            const held = await holdForOrder(deps, orderId, items, expiresInSeconds);
            if (!("refused" in held)) {
              return { orderId, status: "held" as const, expiresAt: held.expiresAt.toISOString() };
            }
            const { refused } = held;
            return { orderId, refused, ...("short" in held && { items: [...held.short] }) };
          }),
        ),
      }),
      {
        services: ["order-service"],
        body: HoldsBody,
        response: { 200: OutcomesView },
        detail: { summary: "Set the items of orders aside", tags },
      },
    )
    .post(
      "/internal/reservations/confirm",
      async ({ body: { orderIds } }) => ({
        outcomes: await Promise.all(
          orderIds.map(async (orderId) => ({
            orderId,
            ...((await confirmHold(deps, orderId)) ?? { status: "confirmed" as const }),
          })),
        ),
      }),
      {
        services: ["order-service"],
        body: ConfirmsBody,
        response: { 200: OutcomesView },
        detail: { summary: "Sell what orders hold", tags },
      },
    )
    .post(
      "/internal/reservations/:orderId/release",
      async ({ params: { orderId } }) => {
        await releaseHold(deps, orderId);
        return { orderId, status: "released" as const };
      },
      {
        services: ["order-service"],
        params: ReservationParams,
        response: { 200: ReleasedView },
        detail: { summary: "Give back what an order holds or has bought", tags },
      },
    );
}
