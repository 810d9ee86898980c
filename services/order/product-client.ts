import { Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { BatchRefused, gather } from "#mesh/gather";
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

const outcomesBody = TypeCompiler.Compile(
  Type.Object({
    outcomes: Type.Array(
      Type.Object({
        orderId: Type.String(),
        status: Type.Optional(Type.String()),
        refused: Type.Optional(Type.String()),
        items: Type.Optional(Type.Array(Type.Unknown())),
      }),
    ),
  }),
);

const reservationsPath = "/internal/reservations";
/** As many orders in one call as product-service takes, with 50 products each at most. */
const mostOrders = 16;

/** product-service, as far as an order needs it. Every step may be repeated: it is known by the order's id. */
/**
 * The first step of an order, so orders that wait for each other here go the rest of their way together. Below saturation most
 * of what an order costs is waking up: waiting a little makes all of them faster (see "Where the milliseconds go").
 */
const togetherMs = 24;

export function createProductClient(client: ServiceClient) {
  async function priceList(productIds: readonly string[]): Promise<readonly PricedProduct[]> {
    const path = "/internal/prices";
    const body = { productIds };
    const answer = await client.call({ method: "POST", path, route: path, body, idempotent: true });
    if (answer.status === 200 && pricesBody.Check(answer.body)) return answer.body.products;
    throw new UpstreamUnavailable("product-service", "malformed", true);
  }

  return {
    /** Today's prices; products that do not exist are not among them. @throws UpstreamUnavailable */
    prices: gather<readonly string[], readonly PricedProduct[]>({
      most: mostOrders,
      apartMs: togetherMs,
      async together(batch) {
        const products = await priceList([...new Set(batch.flat())]);
        const byId = new Map(products.map((product) => [product.id, product]));
        return batch.map((ids) => ids.flatMap((id) => byId.get(id) ?? []));
      },
    }),
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
    reserve: gather<Hold, Outcome>({
      most: mostOrders,
      together: (batch) => {
        const holds = batch.map((hold) => ({ ...hold, expiresInSeconds: patienceMs / 1000 }));
        const call = { method: "PUT", path: reservationsPath, route: reservationsPath } as const;
        return outcomesOf(client.call({ ...call, body: { holds } }), batch);
      },
    }),
    confirm: gather<{ readonly orderId: string }, Outcome>({
      most: mostOrders,
      together: (batch) => {
        const path = `${reservationsPath}/confirm`;
        const body = { orderIds: batch.map(({ orderId }) => orderId) };
        const call = client.call({ method: "POST", path, route: path, body, idempotent: true });
        return outcomesOf(call, batch);
      },
    }),
    release: (orderId: string): Promise<Outcome> => {
      const path = `${reservationsPath}/${orderId}/release`;
      const route = `${reservationsPath}/{orderId}/release`;
      const call = client.call({ method: "POST", path, route, idempotent: true });
      return outcomeOf(call, ({ status }) => (status === 200 ? { kind: "done" } : undefined));
    },
  };
}

/** What an order asks to be set aside. */
interface Hold {
  readonly orderId: string;
  readonly items: readonly RequestedItem[];
}

/**
 * What came of each order of a call. No answer says nothing of any of them.
 * @throws BatchRefused when product-service takes none of several for the fault of one
 */
async function outcomesOf(
  call: Promise<Answer>,
  batch: readonly { readonly orderId: string }[],
): Promise<Outcome[]> {
  const told = new Map<string, Outcome>();
  const whole = await outcomeOf(call, ({ status, body }) => {
    if (status !== 200 || !outcomesBody.Check(body)) return undefined;
    for (const { orderId, ...outcome } of body.outcomes) told.set(orderId, reservationOutcome(outcome));
    return { kind: "done" };
  });
  if (whole.kind === "refused" && batch.length > 1) throw new BatchRefused("the batch is not taken");
  const silence: Outcome = { kind: "unknown", detail: "the answer does not name this order" };
  return batch.map(({ orderId }) => (whole.kind === "done" ? (told.get(orderId) ?? silence) : whole));
}

function reservationOutcome({
  status,
  refused,
  items,
}: {
  status?: string;
  refused?: string;
  items?: unknown[];
}): Outcome {
  if (status !== undefined) return { kind: "done" };
  const reason = refused === undefined ? undefined : reasonOf(refused);
  if (reason) return { kind: "refused", reason, ...(items && { facts: { items } }) };
  return { kind: "unknown", detail: `unexpected outcome ${refused}` };
}

/** Undefined for what is no answer of the contract to an order that is as it was. */
function reasonOf(code: string): CancelReason | undefined {
  if (code === "insufficient-stock") return "insufficient-stock";
  // It was there before it was confirmed: expired, and by now returned or forgotten.
  const lapsed = ["reservation-not-found", "reservation-expired", "reservation-released"];
  return lapsed.includes(code) ? "reservation-lapsed" : undefined;
}
