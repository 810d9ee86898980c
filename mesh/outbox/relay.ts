import type { Log } from "#observability/log";
import type { Metrics } from "#observability/metrics";
import type { Bus } from "../bus/bus.ts";
import { crashPoint } from "../crash-point.ts";
import type { Sql, Transaction } from "../postgres/sql.ts";

export interface Relay {
  /** Says that something was committed. Cheap; may be called with every transaction. */
  wake(): void;
  /** Publishes what waits, then ends. */
  stop(): Promise<void>;
}

const batchSize = 500;
/** Finds what another process committed and did not live to publish. */
const pollMs = 500;
/**
 * Commits that follow each other this closely share a batch, which costs them less than a batch each. Longer while there
 * is much to do: then nobody is the only one who waits.
 */
const gatherMs = 5;
const busyGatherMs = 25;
const busyWithinMs = 60;
/** Another process is publishing: what was committed here may have come too late for its batch. */
const contendedMs = 10;
const longestBackoffMs = 5000;
const keptDays = 3;
const pruneEveryMs = 60_000;
const relayLock = 7_340_003;

/**
 * Publishes the rows of the outbox in the order of their ids. One process at a time does it, under a lock that ends with
 * its transaction, so that the events of one key are never reordered. A row is marked after the bus has it for good: a
 * crash in between publishes it again, and the inbox of every consumer knows it by its id.
 */
export function startRelay({
  sql,
  bus,
  log,
  metrics,
}: {
  sql: Sql;
  bus: Bus;
  log: Log;
  metrics: Metrics;
}): Relay {
  const published = metrics.counter("outbox_published_total", "Events handed to the bus");
  const failures = metrics.counter("outbox_failures_total", "Batches that the bus did not take");
  let woken = false;
  let publishedAt = Number.NEGATIVE_INFINITY;
  let stopping = false;
  let wakeUp = () => {};
  let prunedAt = Date.now();

  metrics.gauge("outbox_lag_seconds", "Age of the oldest event that waits", [], async () => {
    const [row] = await sql<{ age: number }[]>`
      select coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as age from outbox where published_at is null`;
    return row?.age ?? 0;
  });

  async function publishBatch(): Promise<"contended" | "more" | "done"> {
    return (await sql.begin(async (tx) => {
      const [lock] = await tx<{ taken: boolean }[]>`select pg_try_advisory_xact_lock(${relayLock}) as taken`;
      if (!lock?.taken) return "contended";
      const rows = await readBatch(tx);
      if (rows.length === 0) return "done";
      crashPoint("relay-publish:before");
      await bus.publish(rows.map(({ topic, key, payload }) => ({ topic, key, value: payload })));
      crashPoint("relay-publish:after");
      await tx`update outbox set published_at = now() where id = any(${rows.map(({ id }) => id)}::bigint[])`;
      published.inc(rows.length);
      publishedAt = performance.now();
      return rows.length === batchSize ? "more" : "done";
    })) as "contended" | "more" | "done";
  }

  async function prune(): Promise<void> {
    if (Date.now() - prunedAt < pruneEveryMs) return;
    prunedAt = Date.now();
    await sql`
      delete from outbox where id in (
        select id from outbox where published_at < now() - make_interval(days => ${keptDays}) order by published_at limit 5000
      )`;
  }

  async function run(): Promise<void> {
    let failed = 0;
    while (!stopping) {
      let waitMs = pollMs;
      woken = false;
      try {
        const result = await publishBatch();
        if (result === "more") continue;
        if (result === "contended") waitMs = contendedMs;
        else await prune();
        failed = 0;
      } catch (error) {
        failed += 1;
        failures.inc();
        if (failed === 1) log.warn({ err: error }, "events wait: the bus or the database does not take them");
        waitMs = Math.min(contendedMs * 2 ** failed, longestBackoffMs);
        woken = false;
      }
      if (!woken) await sleep(waitMs);
      const busy = performance.now() - publishedAt < busyWithinMs;
      if (woken && !stopping)
        await new Promise((resolve) => setTimeout(resolve, busy ? busyGatherMs : gatherMs));
    }
    await publishBatch().catch(() => {});
  }

  function sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  const running = run();
  return {
    wake() {
      woken = true;
      wakeUp();
    },
    async stop() {
      stopping = true;
      wakeUp();
      await running;
    },
  };
}

const readBatch = (tx: Transaction) =>
  tx<{ id: number; topic: string; key: string; payload: string }[]>`
    select id, topic, key, payload from outbox where published_at is null order by id limit ${batchSize}`;
