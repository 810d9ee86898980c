import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { startPostgres } from "../../local/postgres-server.ts";
import { kafkaMissing, startKafka } from "../../local/start-kafka.ts";
import { openTestHome, removeTestHome } from "../../local/test-home.ts";

const root = join(import.meta.dirname, "../../..");

export interface BenchStores {
  /** The superuser's URL of a durable PostgreSQL of its own; also in TEST_DATABASE_URL. */
  readonly postgresUrl: string;
  /** Starts a broker, or says why there is none. */
  kafka(): Promise<{ brokers: string[] } | { missing: string }>;
}

/** Gives a measurement stores that nobody else uses, and takes them away whatever comes. */
export async function withBenchStores(work: (stores: BenchStores) => Promise<void>): Promise<void> {
  const home = await openTestHome(join(root, ".ecotrack/cache"));
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void removeTestHome(home, 3000).then(() => process.exit(130)));
  try {
    const password = randomBytes(12).toString("hex");
    const { url } = await startPostgres(home, { root, password, durable: true });
    process.env.TEST_DATABASE_URL = url;
    await work({
      postgresUrl: url,
      async kafka() {
        const missing = kafkaMissing();
        if (missing) return { missing };
        const { brokers } = await startKafka(home, home.cache);
        return { brokers: [brokers] };
      },
    });
  } finally {
    await removeTestHome(home);
  }
}
