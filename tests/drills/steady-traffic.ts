import { randomUUID } from "node:crypto";
import { post } from "../bench/post.ts";
import { openShop } from "../faults/shop.ts";

/** What people do in a second, by the classes of `slo.yaml`; the provider's news of payments come with the orders. */
export const requestsPerSecond = {
  catalogue: 2.5,
  checkout: 0.5,
  "order-reading": 1,
  "sign-in": 0.3,
  account: 0.5,
  webhooks: 0.5,
} as const;

interface Person {
  readonly email: string;
  token: string;
}

export interface Traffic {
  /** An order that somebody places, whatever comes of it. */
  placeOrder(productId: string): Promise<void>;
  /** Nobody buys it otherwise. */
  readonly rareProduct: string;
  /** Since it was asked for last: how many answers there were, how many 5xx or none, and the slowest in ms. */
  tally(): { answers: number; failures: number; slowestMs: number };
  stop(): Promise<void>;
}

const people = 16;
/** Nobody waits longer. */
const patienceMs = 12_000;
/** Of one kind; who comes when all of them wait goes away again. */
const mostAtOnce = 20;
const password = "correct horse battery staple";
const address = {
  fullName: "Ada Lovelace",
  line1: "12 St James's Square",
  city: "London",
  postalCode: "SW1Y 4JH",
  country: "GB",
};

/** People who look around, buy and sign in, as many in a second whatever the system does. */
export async function startTraffic(gateway: string): Promise<Traffic> {
  const { products } = await openShop(gateway, { people: 0, products: 12, hot: 0, hotStock: 0 });
  const [rareProduct = "", ...ids] = products.map(({ id }) => id);
  const persons = await Promise.all(Array.from({ length: people }, (_, at) => register(gateway, at)));
  const placed: { id: string; token: string }[] = [];
  let turn = 0;
  let tally = { answers: 0, failures: 0, slowestMs: 0 };
  const next = <T>(list: readonly T[]): T => list[turn++ % list.length] as T;

  async function call(path: string, { token, body, headers }: Calling = {}) {
    const began = performance.now();
    let status = 0;
    try {
      const response = await fetch(gateway + path, {
        headers: {
          ...(token && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { "content-type": "application/json" }),
          ...headers,
        },
        ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(patienceMs),
      });
      const answer = (await response.json()) as Record<string, unknown>;
      status = response.status;
      return answer;
    } catch {
      return {};
    } finally {
      tally.answers += 1;
      if (status === 0 || status >= 500) tally.failures += 1;
      tally.slowestMs = Math.max(tally.slowestMs, performance.now() - began);
    }
  }

  async function placeOrder(productId: string): Promise<void> {
    const { token } = next(persons);
    const order = await call("/api/orders", {
      token,
      headers: { "idempotency-key": randomUUID() },
      body: {
        items: [{ productId, quantity: 1 }],
        shippingAddress: address,
        paymentMethod: { type: "card", token: "pm_card_visa" },
      },
    });
    if (typeof order.id === "string") placed.push({ id: order.id, token });
    if (placed.length > 50) placed.shift();
  }

  async function signIn(): Promise<void> {
    const person = next(persons);
    const answer = await call("/api/auth/login", {
      headers: addressOf(turn),
      body: { email: person.email, password },
    });
    if (typeof answer.accessToken === "string") person.token = answer.accessToken;
  }

  const stops = [
    every(requestsPerSecond.catalogue, () =>
      call(turn % 2 === 0 ? `/api/products/${next(ids)}` : `/api/products?limit=10&minScore=${turn++ % 50}`),
    ),
    every(requestsPerSecond.checkout, () => placeOrder(next(ids))),
    every(requestsPerSecond["order-reading"], () => {
      const order = placed.length > 0 ? next(placed) : undefined;
      const { token } = order ?? next(persons);
      return call(order ? `/api/orders/${order.id}` : "/api/orders", { token });
    }),
    every(requestsPerSecond["sign-in"], signIn),
    every(requestsPerSecond.account, () => call("/api/users/me", { token: next(persons).token })),
  ];
  return {
    placeOrder,
    rareProduct,
    tally() {
      const since = tally;
      tally = { answers: 0, failures: 0, slowestMs: 0 };
      return since;
    },
    stop: async () => void (await Promise.all(stops.map((stop) => stop()))),
  };
}

interface Calling {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** Begins `work` so often in a second, whether what was begun before is done or not; ends when it is. */
function every(perSecond: number, work: () => Promise<unknown>): () => Promise<void> {
  const underWay = new Set<Promise<unknown>>();
  const timer = setInterval(() => {
    if (underWay.size >= mostAtOnce) return;
    const doing = work().finally(() => underWay.delete(doing));
    underWay.add(doing);
  }, 1000 / perSecond);
  return async () => {
    clearInterval(timer);
    await Promise.all(underWay);
  };
}

/** Another for each call: the limit on signing in is per address. */
const addressOf = (at: number) => ({
  "x-forwarded-for": `10.8.${Math.floor(at / 250) % 250}.${(at % 250) + 1}`,
});

async function register(gateway: string, at: number): Promise<Person> {
  const email = `drill-${randomUUID()}@example.test`;
  const { status, body } = await post(gateway, "/api/auth/register", {
    headers: addressOf(at),
    body: { email, password, firstName: "Ada", lastName: "Lovelace" },
  });
  if (typeof body.accessToken !== "string") throw new Error(`Registering answered ${status}`);
  return { email, token: body.accessToken };
}
