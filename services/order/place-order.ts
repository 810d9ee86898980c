import { createHash } from "node:crypto";
import { crashPoint } from "#mesh/crash-point";
import { orderEvent } from "#mesh/events/order-events";
import { UpstreamUnavailable } from "#mesh/http/client";
import { currentContext, newContext, type RequestContext, runWith } from "#observability/context";
import { findKey, settleAnswer } from "./idempotency-store.ts";
import {
  type DraftRefusal,
  draftOrder,
  type Order,
  type PaymentMethod,
  type RequestedItem,
  type ShippingAddress,
} from "./order.ts";
import type { OrderDeps } from "./order-deps.ts";
import { placedData } from "./order-event-data.ts";
import { findOrder } from "./order-store.ts";
import { placingAnswer } from "./placing-answer.ts";
import { processOrder } from "./process-order.ts";
import type { Answer, SagaRun } from "./saga-run.ts";
import { within } from "./within.ts";

export interface Placing {
  readonly userId: string;
  readonly idempotencyKey: string;
  readonly items: readonly RequestedItem[];
  readonly shippingAddress: ShippingAddress;
  readonly paymentMethod: { readonly type: PaymentMethod; readonly token: string };
}

export type PlaceRefusal =
  | DraftRefusal
  | { readonly refused: "idempotency-key-missing" }
  | { readonly refused: "idempotency-key-invalid" }
  | { readonly refused: "idempotency-key-in-flight" }
  | { readonly refused: "idempotency-key-reused" }
  | { readonly refused: "card-number-refused" }
  | { readonly refused: "product-service-unavailable" }
  | { readonly refused: "duplicate-products"; readonly positions: readonly number[] };

export type Placed = Answer & { readonly replayed: boolean };

/**
 * Places an order and follows its saga for `answerWithinMs`. The key is looked up only when something stands in the
 * way, so that a first request pays nothing for it: its uniqueness is the database's to keep.
 */
export async function placeOrder(deps: OrderDeps, asked: Placing): Promise<Placed | PlaceRefusal> {
  const began = performance.now();
  const placing = { ...asked, items: asked.items.map(lowerCaseId) };
  const positions = duplicates(placing.items);
  if (positions.length > 0) return { refused: "duplicate-products", positions };
  const drafted = await draft(deps, placing);
  // Even if prices cannot be had any more, a repeat gets the first answer.
  if ("refused" in drafted) return (await replay(deps, placing)) ?? drafted;
  const run = await begin(deps, placing, drafted);
  if (!run) return (await replay(deps, placing)) ?? { refused: "idempotency-key-in-flight" };
  deps.metrics.reached(drafted);
  return follow(deps, run, deps.answerWithinMs - (performance.now() - began));
}

async function draft(deps: OrderDeps, placing: Placing): Promise<Order | PlaceRefusal> {
  const { userId, items, shippingAddress, paymentMethod } = placing;
  try {
    const products = await deps.products.prices(items.map(({ productId }) => productId));
    const made = { id: deps.newId(), at: deps.now() };
    return draftOrder(
      { ...made, userId, items, shippingAddress, paymentMethod: paymentMethod.type },
      products,
    );
  } catch (error) {
    if (error instanceof UpstreamUnavailable) return { refused: "product-service-unavailable" };
    throw error;
  }
}

/** Stores the order and everything that has to be true with it. Undefined when the key is in use. */
async function begin(deps: OrderDeps, placing: Placing, order: Order): Promise<SagaRun | undefined> {
  const { idempotencyKey, paymentMethod } = placing;
  const lease = deps.newId();
  const about = { id: deps.newId(), subject: order.id, time: order.createdAt };
  const event = orderEvent("ecotrack.order.created.v1", { ...about, data: placedData(order) });
  const paymentToken = paymentMethod.token;
  const created = { order, lease, idempotencyKey, paymentToken, fingerprint: fingerprint(placing), event };
  crashPoint("order-insert:before");
  if (!(await deps.insertOrder(created))) return undefined;
  crashPoint("order-insert:after");
  return {
    order,
    lease,
    step: "reserve",
    attempt: 1,
    ageMs: 0,
    paymentToken,
    idempotencyKey,
  };
}

async function follow(deps: OrderDeps, run: SagaRun, withinMs: number): Promise<Placed> {
  // The saga is not bound to the time that its first client has.
  const running = runWith(withoutDeadline(currentContext()), () => processOrder(deps, run));
  deps.background.add(running);
  const ended = await within(running, withinMs);
  if (ended && ended.end !== "superseded") return { ...ended.answer, replayed: false };
  const { order, idempotencyKey: key } = run;
  const now = (await findOrder(deps.sql, order.id)) ?? order;
  const given = { userId: order.userId, key, answer: placingAnswer(now) };
  return { ...(await deps.transaction((tx) => settleAnswer(tx, given))), replayed: false };
}

/** The first answer to this key, or why there is none to give. Undefined for a key that was never used. */
async function replay(deps: OrderDeps, placing: Placing): Promise<Placed | PlaceRefusal | undefined> {
  const known = await findKey(deps.sql, placing.userId, placing.idempotencyKey);
  if (!known) return undefined;
  if (!fingerprint(placing).equals(known.fingerprint)) return { refused: "idempotency-key-reused" };
  return known.answer ? { ...known.answer, replayed: true } : { refused: "idempotency-key-in-flight" };
}

/** Tells requests apart by everything they ask for, whatever the order of their fields. */
function fingerprint({ userId: _owner, idempotencyKey: _key, ...asked }: Placing): Buffer {
  return createHash("sha256").update(canonical(asked)).digest();
}

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_name, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

/** UUIDs are read in either case and written in lower case (RFC 9562 §4). */
const lowerCaseId = ({ productId, quantity }: RequestedItem): RequestedItem => ({
  productId: productId.toLowerCase(),
  quantity,
});

function duplicates(items: readonly RequestedItem[]): number[] {
  const seen = new Set<string>();
  const positions: number[] = [];
  for (const [position, { productId }] of items.entries()) {
    if (seen.has(productId)) positions.push(position);
    seen.add(productId);
  }
  return positions;
}

function withoutDeadline(context: RequestContext | undefined): RequestContext {
  const { deadline: _passed, ...rest } = context ?? newContext();
  return rest;
}
