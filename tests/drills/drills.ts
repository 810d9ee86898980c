import { setTimeout as wait } from "node:timers/promises";
import postgres from "postgres";
import { eventually } from "#mesh/eventually";
import { databaseNames } from "../../mesh/local/secrets.ts";
import { localUrl } from "../../mesh/local/system-processes.ts";
import type { ProvenSystem } from "../faults/proven-system.ts";
import type { Traffic } from "./steady-traffic.ts";

export interface DrillScene {
  readonly system: ProvenSystem;
  readonly traffic: Traffic;
}

export interface Drill {
  readonly name: string;
  /** What is done to the system. */
  readonly title: string;
  /** The alert that tells of it; none where nothing is done. */
  readonly alert?: string;
  readonly kafka?: true;
  /** Does it; resolves when it can be seen, with what ends it. */
  begin(scene: DrillScene): Promise<() => Promise<void>>;
}

/** Each way: a statement takes this twice, and a transaction several times that. */
const slowDatabaseMs = 250;
const kafkaBackWithinMs = 300_000;
/** A saga has to be tried six times. */
const stuckWithinMs = 120_000;

export const drills: readonly Drill[] = [
  {
    name: "healthy",
    title: "nothing is done to it",
    begin: async () => async () => {},
  },
  {
    name: "slow-database",
    title: `PostgreSQL answers ${2 * slowDatabaseMs} ms late`,
    alert: "LatencyHigh",
    async begin({ system: { links } }) {
      const databases = databaseNames.map((name) => links[`postgres-${name}`]);
      for (const database of databases) database.disturb("delay", slowDatabaseMs);
      return async () => {
        for (const database of databases) database.calm();
      };
    },
  },
  {
    name: "payment-provider",
    title: "no connection to the payment provider",
    alert: "PaymentFailures",
    begin: ({ system }) => cut(system, "provider"),
  },
  {
    name: "payment-provider-hangs",
    title: "the payment provider takes connections and says nothing",
    alert: "PaymentFailures",
    async begin({ system: { links } }) {
      links.provider.disturb("blackhole", 0);
      return async () => links.provider.calm();
    },
  },
  {
    name: "bus",
    title: "Kafka is killed and not started again",
    alert: "OutboxLag",
    kafka: true,
    async begin({ system }) {
      const over = Promise.withResolvers<void>();
      const back = system.withoutKafka(() => over.promise);
      return async () => {
        over.resolve();
        const late = wait(kafkaBackWithinMs).then(() => {
          throw new Error("Kafka has not come back");
        });
        await Promise.race([back, late]);
      };
    },
  },
  {
    name: "redis",
    title: "no connection to Redis",
    alert: "RedisDown",
    begin: ({ system }) => cut(system, "redis"),
  },
  {
    name: "stuck-saga",
    title: "a forgotten transaction holds the stock of one product",
    alert: "SagasStuck",
    begin: holdStock,
  },
];

async function cut({ links }: ProvenSystem, name: "provider" | "redis"): Promise<() => Promise<void>> {
  links[name].disturb("cut", 0);
  return async () => links[name].calm();
}

/** As somebody does who looks into the database by hand and goes home. */
async function holdStock({ system, traffic }: DrillScene): Promise<() => Promise<void>> {
  const { pathname } = new URL(system.stores.databaseUrls.product);
  const url = new URL(system.stores.postgresUrl);
  url.pathname = pathname;
  const sql = postgres(url.href, { max: 1, onnotice: () => {} });
  const session = await sql.reserve();
  await session`begin`;
  await session`select * from stock where product_id = ${traffic.rareProduct} for update`;
  await Promise.all([1, 2, 3].map(() => traffic.placeOrder(traffic.rareProduct)));
  await eventually(async () => ((await sagasStuck(system)) > 0 ? true : undefined), {
    withinMs: stuckWithinMs,
    everyMs: 250,
  });
  return async () => {
    await session`rollback`;
    session.release();
    await sql.end();
  };
}

async function sagasStuck({ ports }: ProvenSystem): Promise<number> {
  const text = await (await fetch(`${localUrl(ports.order)}/metrics`)).text();
  return Number(/^sagas_stuck\{.*?\} (\d+)/m.exec(text)?.[1] ?? 0);
}
