import { Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { type Answer, type ServiceClient, UpstreamUnavailable } from "#mesh/http/client";
import { moneySchema } from "#mesh/money";
import type { CancelReason, PricedProduct, RequestedItem } from "./order.ts";
import type { ReservationStatus } from "./order-audit.ts";
import { outcomeOf } from "./outcome-of.ts";
import { type Outcome, patienceMs } from "./saga.ts";

export type ProductClient = ReturnType<typeof createProductClient>;

const pricesBody = TypeCompiler.Compile(
  Type.Object({
    products: Type.Array(
      Type.Object({
        id: Type.String(),
        name: Type.String(),
        price: moneySchema,
        carbon: Type.Object({ kgCO2e: Type.String({ pattern: "^-?\\d+(\\.\\d+)?$" }) }),
      }),
    ),
  }),
);

const reservationsBody = TypeCompiler.Compile(
  Type.Object({
    reservations: Type.Array(
      Type.Object({
        orderId: Type.String(),
        status: Type.Union(
          (["held", "confirmed", "released", "expired"] as const).map((each) => Type.Literal(each)),
        ),
      }),
    ),
  }),
);

const refusalBody = TypeCompiler.Compile(
  Type.Object({ code: Type.String(), items: Type.Optional(Type.Array(Type.Unknown())) }),
);

const reservationRoute = "/internal/reservations/{orderId}";

/** product-service, as far as an order needs it. Every step may be repeated: it is known by the order's id. */
export function createProductClient(client: ServiceClient) {
  const step = (path: string, route: string) =>
    outcomeOf(client.call({ method: "POST", path, route, idempotent: true }), reservationOutcome);
  return {
    /** Today's prices; products that do not exist are not among them. @throws UpstreamUnavailable */
    async prices(productIds: readonly string[]): Promise<readonly PricedProduct[]> {
      const path = "/internal/prices";
      const body = { productIds };
      const answer = await client.call({ method: "POST", path, route: path, body, idempotent: true });
      if (answer.status === 200 && pricesBody.Check(answer.body)) return answer.body.products;
      throw new UpstreamUnavailable("product-service", "malformed", true);
    },
    /** How the reservations of these orders stand; one that there never was is left out. @throws UpstreamUnavailable */
    async reservations(orderIds: readonly string[]): Promise<Map<string, ReservationStatus>> {
      const path = "/internal/reservations/find";
      const body = { orderIds };
      const answer = await client.call({ method: "POST", path, route: path, body, idempotent: true });
      if (answer.status !== 200 || !reservationsBody.Check(answer.body)) {
        throw new UpstreamUnavailable("product-service", "malformed", true);
      }
      return new Map(answer.body.reservations.map(({ orderId, status }) => [orderId, status]));
    },
    /** Holds the stock until confirmed or released, or until the saga has lost its patience. */
    reserve: (orderId: string, items: readonly RequestedItem[]): Promise<Outcome> =>
      outcomeOf(
        client.call({
          method: "PUT",
          path: `/internal/reservations/${orderId}`,
          route: reservationRoute,
          body: {
            items: items.map(({ productId, quantity }) => ({ productId, quantity })),
            expiresInSeconds: patienceMs / 1000,
          },
        }),
        reservationOutcome,
      ),
    confirm: (orderId: string) =>
      step(`/internal/reservations/${orderId}/confirm`, `${reservationRoute}/confirm`),
    release: (orderId: string) =>
      step(`/internal/reservations/${orderId}/release`, `${reservationRoute}/release`),
  };
}

function reservationOutcome({ status, body }: Answer): Outcome | undefined {
  if (status === 200) return { kind: "done" };
  if (!refusalBody.Check(body)) return undefined;
  const reason = reasonOf(status, body.code);
  return reason && { kind: "refused", reason, ...(body.items && { facts: { items: body.items } }) };
}

function reasonOf(status: number, code: string): CancelReason | undefined {
  if (status === 409 && code === "insufficient-stock") return "insufficient-stock";
  // It was there before it was confirmed: expired, and by now returned or forgotten.
  if (status === 404 && code === "reservation-not-found") return "reservation-lapsed";
  if (status === 409 && (code === "reservation-expired" || code === "reservation-released")) {
    return "reservation-lapsed";
  }
  return undefined;
}
