import type { createServiceApp } from "#mesh/http/service-app";
import { confirmHold } from "./confirm-hold.ts";
import { holdForOrder } from "./hold-stock.ts";
import { accepted } from "./problems.ts";
import type { ProductDeps } from "./product-deps.ts";
import { priceView } from "./product-view.ts";
import { releaseHold } from "./release-hold.ts";
import {
  ConfirmedView,
  defaultHoldSeconds,
  FindBody,
  HeldView,
  PricesBody,
  PricesView,
  ReleasedView,
  ReservationBody,
  ReservationParams,
  ReservationsView,
} from "./reservation-schema.ts";
import { findReservations } from "./stock-store.ts";

/** What only order-service may call: it is on the way of every order, so each of these is one statement or none. */
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
      "/internal/reservations/:orderId",
      async ({ params: { orderId }, body: { items, expiresInSeconds = defaultHoldSeconds } }) => {
        const { expiresAt } = accepted(await holdForOrder(deps, orderId, items, expiresInSeconds));
        return { orderId, status: "held" as const, expiresAt: expiresAt.toISOString() };
      },
      {
        services: ["order-service"],
        params: ReservationParams,
        body: ReservationBody,
        response: { 200: HeldView },
        detail: { summary: "Set the items of an order aside", tags },
      },
    )
    .post(
      "/internal/reservations/:orderId/confirm",
      async ({ params: { orderId } }) => {
        accepted(await confirmHold(deps, orderId));
        return { orderId, status: "confirmed" as const };
      },
      {
        services: ["order-service"],
        params: ReservationParams,
        response: { 200: ConfirmedView },
        detail: { summary: "Sell what an order holds", tags },
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
