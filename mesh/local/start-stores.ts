import { refuseAwayPostgres, refuseAwayRedis } from "./given-stores.ts";
import type { Home } from "./home.ts";
import { type KeepStoreOptions, keepStore } from "./keep-store.ts";
import { createDatabases } from "./postgres-databases.ts";
import { startPostgres } from "./postgres-server.ts";
import { startRedis } from "./redis-server.ts";
import type { DatabaseName, Secrets } from "./secrets.ts";

export interface Stores {
  /** The superuser's, of the database `postgres`. */
  readonly postgresUrl: string;
  readonly databaseUrls: Readonly<Record<DatabaseName, string>>;
  readonly redisUrl: string;
}

export interface StoresOptions {
  readonly root: string;
  readonly secrets: Secrets;
  /** False for data that is thrown away: faster. */
  readonly durable: boolean;
  /** Servers that run already, to be used in place of our own. */
  readonly postgresUrl?: string | undefined;
  readonly redisUrl?: string | undefined;
  /** Wraps each step to show it. */
  readonly step: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  /** Given, a store of our own that ends is started again. */
  readonly keep?: Pick<KeepStoreOptions, "show" | "giveUp">;
}

/** PostgreSQL with a database per service, and Redis, side by side. Settles only when both have. */
export async function startStores(home: Home, options: StoresOptions): Promise<Stores> {
  const { secrets, step } = options;
  const started = await Promise.allSettled([
    step("PostgreSQL", async () => {
      const given = options.postgresUrl;
      if (given) await refuseAwayPostgres(given);
      const url = given || (await ownPostgres(home, options));
      return { url, databases: await createDatabases(url, secrets.databasePasswords) };
    }),
    step("Redis", async () => {
      const given = options.redisUrl;
      if (given) await refuseAwayRedis(given);
      return given || (await ownRedis(home, options));
    }),
  ]);
  const [postgres, redis] = started;
  if (postgres.status === "rejected") throw postgres.reason;
  if (redis.status === "rejected") throw redis.reason;
  return {
    postgresUrl: postgres.value.url,
    databaseUrls: postgres.value.databases,
    redisUrl: redis.value,
  };
}

async function ownPostgres(home: Home, { root, secrets, durable, keep }: StoresOptions): Promise<string> {
  const start = (port?: number) =>
    startPostgres(home, { root, password: secrets.postgresPassword, durable, port });
  const { url, port, process } = await start();
  if (keep) keepStore(home, process, { ...keep, start: async () => (await start(port)).process });
  return url;
}

async function ownRedis(home: Home, { secrets, durable, keep }: StoresOptions): Promise<string> {
  const start = (port?: number) => startRedis(home, { password: secrets.redisPassword, durable, port });
  const { url, port, process } = await start();
  if (keep) keepStore(home, process, { ...keep, start: async () => (await start(port)).process });
  return url;
}
