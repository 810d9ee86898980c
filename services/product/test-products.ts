import { randomUUID } from "node:crypto";
import { createTestIdentity } from "#mesh/identity/test-identity";
import { testDatabase } from "#mesh/postgres/test-database";
import { openRedis, redisReady } from "#mesh/redis/open-redis";
import { uuidV7 } from "#mesh/uuid-v7";
import { createLog } from "#observability/log";
import { createMetrics } from "#observability/metrics";
import { createProductApp } from "./app.ts";

/** The whole service on a database of its own, with a clock that tests move. */
export async function openTestProducts({ redisUrl = process.env.TEST_REDIS_URL } = {}) {
  const database = await testDatabase(new URL("./migrations/", import.meta.url));
  const log = createLog({ service: "test", level: "fatal" });
  if (!redisUrl) throw new Error("TEST_REDIS_URL is not set: run the tests by `bun run test`");
  const redis = openRedis({ url: redisUrl, name: "test", log });
  await redisReady(redis, 500);
  const identity = await createTestIdentity("product-service");
  const metrics = createMetrics("product-service");
  let time = Date.now();
  const open = () =>
    createProductApp({
      sql: database.sql,
      transaction: database.transaction,
      autocommit: database.autocommit,
      redis,
      identity: identity.identity,
      log,
      metrics,
      now: () => new Date(time),
      newId: uuidV7,
    });
  const service = open();
  const admin = await identity.userToken({ userId: randomUUID(), roles: ["customer", "admin"] });
  const customer = await identity.userToken({ userId: randomUUID() });
  const orders = await identity.serviceToken("order-service");

  /** Calls a route; `as` is a token. A body of text is sent as it is. */
  async function call(method: string, path: string, { as, body, headers = {} }: CallOptions = {}) {
    const request = new Request(`http://product.test${path}`, {
      method,
      headers: {
        ...(as && { authorization: `Bearer ${as}` }),
        "content-type": "application/json",
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const response = await service.app.fetch(request);
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === "" ? null : JSON.parse(text),
    };
  }

  async function list(query: string): Promise<ListedPage> {
    const { status, body } = await call("GET", `/api/products${query}`);
    if (status !== 200) throw new Error(`GET /api/products${query} answered ${status}`);
    return body;
  }

  /** A product like the sample, seven pieces of it; returns its id. */
  async function create(change: object = {}): Promise<string> {
    const content = { ...sampleDraft, stock: { onHand: 7 }, ...change };
    const { status, body } = await call("POST", "/api/products", { as: admin, body: content });
    if (status !== 201) throw new Error(`POST /api/products answered ${status} ${JSON.stringify(body)}`);
    return body.id;
  }

  return {
    list,
    create,
    ...database,
    ...service,
    open,
    redis,
    metrics,
    call,
    tokens: { admin, customer, orders, otherService: await identity.serviceToken("payment-service") },
    /** Moves the clock on. */
    pass: (ms: number) => {
      time += ms;
    },
    close: async () => {
      await service.close();
      redis.disconnect();
      await database.close();
    },
  };
}

interface CallOptions {
  readonly as?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What tests look at of a product in a list. */
export interface Listed {
  readonly id: string;
  readonly name: string;
  readonly category: string;
  readonly price: { readonly amount: number };
  readonly sustainabilityScore: number;
  readonly carbon: { readonly kgCO2e: string };
}
interface ListedPage {
  readonly data: Listed[];
  readonly nextCursor: string | null;
  readonly facets: Record<"categories" | "scores" | "prices", { category?: string; count: number }[]>;
}

export type TestProducts = Awaited<ReturnType<typeof openTestProducts>>;

/** A product that an admin may put up for sale. */
export const sampleDraft = {
  name: "Willow basket",
  description: "A basket for the market.",
  category: "bags",
  price: { amount: 2490, currency: "EUR" as const },
  images: ["https://images.ecotrack.test/basket.webp"],
  billOfMaterials: {
    materials: [
      { material: "hardwood", kg: "0.6" },
      { material: "cotton-organic", kg: "0.05" },
    ],
    packaging: [{ material: "paper", kg: "0.02" }],
    manufacturing: { country: "PT", energyKwh: "0.4" },
  },
  expectedLifeYears: 10,
  repairability: 6,
  certificates: ["FSC"],
};
