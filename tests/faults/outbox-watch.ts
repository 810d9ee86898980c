import { setTimeout as wait } from "node:timers/promises";
import { openDatabase } from "#mesh/postgres/open-database";
import { createLog } from "#observability/log";

/** How many events wait in the outboxes. */
export interface OutboxWatch {
  waiting(): number;
  most(): number;
  /** Whether nothing of what waits now waits any more within that time. */
  empty(withinMs: number): Promise<boolean>;
  stop(): void;
}

const everyMs = 500;

/** Counts twice a second until it is stopped. @param urls of the databases whose outboxes these are */
export function createOutboxWatch(urls: readonly string[]): OutboxWatch {
  const log = createLog({ service: "prove", level: "silent" });
  const stores = urls.map((url) => openDatabase({ url, max: 1, applicationName: "prove", log }));
  let waiting = 0;
  let most = 0;
  let stopped = false;

  /** Those that are older than that. */
  async function count(before: Date): Promise<number> {
    const counts = await Promise.all(
      stores.map(async (sql) => {
        const [row] = await sql<{ waiting: number }[]>`
          select count(*)::int as waiting from outbox where created_at <= ${before}`;
        return row?.waiting ?? 0;
      }),
    );
    return counts.reduce((sum, each) => sum + each, 0);
  }

  async function watch(): Promise<void> {
    while (!stopped) {
      waiting = await count(new Date());
      most = Math.max(most, waiting);
      await wait(everyMs);
    }
    await Promise.all(stores.map((sql) => sql.end()));
  }
  void watch();
  return {
    waiting: () => waiting,
    most: () => most,
    async empty(withinMs) {
      const now = new Date();
      const deadline = performance.now() + withinMs;
      while ((await count(now)) > 0) {
        if (performance.now() > deadline) return false;
        await wait(everyMs / 5);
      }
      return true;
    },
    stop() {
      stopped = true;
    },
  };
}
