import { type Answer, type Call, type ServiceClient, UpstreamUnavailable } from "#mesh/http/client";
import { uuidV7 } from "#mesh/uuid-v7";

/** A call as a test's network sees it; `deliver` lets it take effect, whenever and as often as the test likes. */
export interface Passing {
  readonly call: Call;
  readonly deliver: () => Answer;
}

interface Reservation {
  status: "held" | "confirmed" | "released";
  items: readonly { productId: string; quantity: number }[];
}

interface Payment {
  readonly id: string;
  status: "requires-action" | "authorized" | "captured" | "declined" | "cancelled" | "refunded";
  amount: number;
  charges: number;
}

const problem = (status: number, code: string, more = {}): Answer => ({ status, body: { code, ...more } });

/**
 * product-service and payment-service as their contract has them, in memory, for tests. `network.pass` stands between
 * them and their caller: it may throw instead of answering, before or after the call took effect.
 */
export function createFakeServices() {
  const products = new Map<
    string,
    { name: string; amount: number; currency: string; kgCO2e: string; onHand: number }
  >();
  const reservations = new Map<string, Reservation>();
  const payments = new Map<string, Payment>();
  const network = { pass: async ({ deliver }: Passing): Promise<Answer> => deliver() };
  const clientOf = (handle: (call: Call) => Answer): ServiceClient => ({
    call: (call) => network.pass({ call, deliver: () => handle(call) }),
  });

  function move(items: Reservation["items"], sign: 1 | -1): void {
    for (const { productId, quantity } of items) {
      const product = products.get(productId);
      if (product) product.onHand += sign * quantity;
    }
  }

  function reserve(orderId: string, items: Reservation["items"]): Answer {
    const known = reservations.get(orderId);
    if (known?.status === "released") return problem(409, "reservation-released");
    if (!known) {
      const short = items.filter(
        ({ productId, quantity }) => (products.get(productId)?.onHand ?? 0) < quantity,
      );
      if (short.length > 0) return problem(409, "insufficient-stock", { items: short });
      reservations.set(orderId, { status: "held", items });
      move(items, -1);
    }
    return { status: 200, body: { orderId, status: "held" } };
  }

  function confirm(orderId: string): Answer {
    const known = reservations.get(orderId);
    if (!known) return problem(404, "reservation-not-found");
    if (known.status === "released") return problem(409, "reservation-released");
    known.status = "confirmed";
    return { status: 200, body: { status: "confirmed" } };
  }

  function release(orderId: string): Answer {
    const known = reservations.get(orderId) ?? { status: "released", items: [] };
    if (known.status !== "released") move(known.items, 1);
    reservations.set(orderId, { ...known, status: "released" });
    return { status: 200, body: { status: "released" } };
  }

  function prices(ids: readonly string[]): Answer {
    const found = ids.flatMap((id) => {
      const product = products.get(id);
      if (!product) return [];
      const { name, amount, currency, kgCO2e } = product;
      return { id, name, price: { amount, currency }, carbon: { kgCO2e }, available: product.onHand };
    });
    return { status: 200, body: { products: found } };
  }

  function charge(orderId: string, amount: number, token: string): Answer {
    if (token === "pm_malformed") return problem(422, "validation-failed");
    const known = payments.get(orderId);
    const payment = known ?? { id: uuidV7(), status: "captured", amount, charges: 1 };
    if (!known) {
      if (token === "pm_card_chargeDeclined") Object.assign(payment, { status: "declined", charges: 0 });
      if (token === "pm_held") Object.assign(payment, { status: "authorized", charges: 0 });
      if (token === "pm_asks") Object.assign(payment, { status: "requires-action", charges: 0 });
      payments.set(orderId, payment);
    }
    return standing(orderId, payment);
  }

  function standing(orderId: string, { id, status }: Payment): Answer {
    if (status === "requires-action") return { status: 202, body: { status } };
    if (status === "declined") return problem(402, "payment-declined", { declineCode: "generic_decline" });
    if (status !== "captured" && status !== "authorized") return problem(409, "payment-cancelled");
    return { status: 200, body: { id, orderId, status } };
  }

  function capture(orderId: string): Answer {
    const known = payments.get(orderId);
    if (!known) return problem(404, "payment-not-found");
    if (known.status === "authorized") Object.assign(known, { status: "captured", charges: 1 });
    return standing(orderId, known);
  }

  function cancelPayment(orderId: string): Answer {
    const known = payments.get(orderId);
    if (!known) payments.set(orderId, { id: uuidV7(), status: "cancelled", amount: 0, charges: 0 });
    if (known?.status === "captured") known.status = "refunded";
    if (known?.status === "authorized" || known?.status === "requires-action") known.status = "cancelled";
    return { status: 200, body: { status: known?.status === "refunded" ? "refunded" : "none" } };
  }

  /** What came of each order, as one answer. */
  function outcomes(each: readonly (readonly [string, Answer])[]): Answer {
    const told = each.map(([orderId, { status, body }]) => {
      const told = body as { status?: string; code?: string; items?: unknown };
      return status === 200
        ? { orderId, status: told.status }
        : { orderId, refused: told.code, items: told.items };
    });
    return { status: 200, body: { outcomes: told } };
  }

  /** The rows of these orders as the audit gets them. */
  function found(body: unknown, rows: ReadonlyMap<string, Reservation | Payment>, name: string): Answer {
    const { orderIds } = body as { orderIds: string[] };
    const answer = orderIds.flatMap((orderId) => {
      const row = rows.get(orderId);
      if (!row) return [];
      if (!("charges" in row)) return { orderId, status: row.status };
      const captured = row.charges * row.amount;
      const refunded = row.status === "refunded" ? captured : 0;
      const booked = captured - refunded;
      return {
        id: row.id,
        orderId,
        captured,
        refunded,
        withdrawn: 0,
        booked,
        undone: refunded,
        currency: "EUR",
      };
    });
    return { status: 200, body: { [name]: answer } };
  }

  return {
    network,
    reservations,
    payments,
    products,
    addProduct(
      onHand: number,
      { amount = 1999, currency = "EUR", kgCO2e = "1.24", name = "Soap" } = {},
    ): string {
      const id = uuidV7();
      products.set(id, { name, amount, currency, kgCO2e, onHand });
      return id;
    },
    /** The buyer does at the provider what an order waits for. */
    approve(orderId: string): void {
      const known = payments.get(orderId);
      if (known?.status === "requires-action") Object.assign(known, { status: "captured", charges: 1 });
    },
    /** The hold of an order runs out; a confirmed one does not. */
    expire(orderId: string): void {
      if (reservations.get(orderId)?.status === "held") release(orderId);
    },
    productService: clientOf(({ method, path, body }) => {
      const [, , , orderId = "", action] = path.split("/");
      if (path === "/internal/reservations/find") return found(body, reservations, "reservations");
      if (path === "/internal/prices") return prices((body as { productIds: string[] }).productIds);
      if (method === "PUT") {
        const { holds } = body as { holds: ({ orderId: string } & Reservation)[] };
        return outcomes(holds.map((hold) => [hold.orderId, reserve(hold.orderId, hold.items)]));
      }
      if (orderId === "confirm") {
        return outcomes((body as { orderIds: string[] }).orderIds.map((id) => [id, confirm(id)]));
      }
      return action === "release" ? release(orderId) : problem(404, "not-found");
    }),
    paymentService: clientOf(({ method, path, body }) => {
      const [, , , orderId = "", action] = path.split("/");
      if (orderId === "find") return found(body, payments, "payments");
      if (method === "POST") return action === "capture" ? capture(orderId) : cancelPayment(orderId);
      const { amount, paymentMethod } = body as {
        amount: { amount: number };
        paymentMethod: { token: string };
      };
      return charge(orderId, amount.amount, paymentMethod.token);
    }),
  };
}

/** What a caller sees when the answer gets lost, whether or not the call took effect. */
export const lost = (): UpstreamUnavailable => new UpstreamUnavailable("fake", "timeout", true);

/** The call before there is an order, of which nothing is left if it fails. */
export const isPricing = ({ call }: Passing): boolean => call.path === "/internal/prices";
