import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "#observability/log";
import type { Metrics } from "#observability/metrics";
import type { Tracing } from "#observability/trace/tracing";
import type { Bus } from "../bus/bus.ts";
import { MessageRefused } from "../bus/message-refused.ts";
import { createWake } from "../bus/wake.ts";
import { crashPoint } from "../crash-point.ts";
import type { Sql, Transaction } from "../postgres/sql.ts";
import { measureLag, pruneOutbox, setAside, takeBatch, type WaitingRow } from "./outbox-store.ts";
import { createPace } from "./pace.ts";
import { recordSends } from "./record-sends.ts";

export interface Relay {
  /** Says that something was committed. Cheap; may be called with every transaction. */
  wake(): void;
  /** Publishes what waits, then ends. */
  stop(): Promise<void>;
}

export interface RelayOptions {
  /** A connection of its own keeps publishing from waiting for one of the requests'. */
  readonly sql: Sql;
  readonly bus: Bus;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Left out: nothing is traced. */
  readonly tracing?: Tracing;
}

type Outcome = "contended" | "more" | "done";

const batchSize = 500;
/** Finds what another process committed and did not live to publish. */
const pollMs = 500;
/** A batch each 30 ms, because most of what a batch costs is not its rows; when little happens, at once. */
const paceOf = { everyMs: 30, atOnce: 8 };
/** So many in a second are a crowd: a batch each 100 ms, because each costs about 1 ms of CPU whatever is in it. */
const crowdPerSecond = 150;
const crowdPaceMs = 100;
/** Another process is publishing: what was committed here may have come too late for its batch. */
const contendedMs = 10;
const firstBackoffMs = 20;
const longestBackoffMs = 5000;
const pruneEveryMs = 60_000;

/**
 * Publishes the rows of the outbox in the order of their ids. One process at a time does it, under a lock that ends with
 * its transaction, so that the events of one key are never reordered. A row is gone when the bus has it for good and the
 * transaction is committed: a crash in between publishes it again, and the inbox of every consumer knows it by its id.
 * What the bus refuses for good becomes a dead letter, and the others go on.
 */
export function startRelay({ sql, bus, log, metrics, tracing }: RelayOptions): Relay {
  const published = metrics.counter("outbox_published_total", "Events handed to the bus");
  const refused = metrics.counter("outbox_refused_total", "Events that the bus refused for good");
  const failures = metrics.counter("outbox_failures_total", "Batches that the bus did not take");
  measureBacklog(metrics, sql);
  const woken = createWake();
  const stopping = new AbortController();
  const wait = createPace(paceOf);
  let prunedAt = Date.now();
  let crowded = false;
  let publishedAt = 0;
  /** Small while the row is looked for that the bus refuses. */
  let limit = batchSize;

  async function publishBatch(tx: Transaction): Promise<Outcome> {
    const { turn, rows, tooLong, more } = await takeBatch(tx, limit);
    if (!turn) return "contended";
    if (rows.length > 0) {
      crashPoint("relay-publish:before");
      const startedAt = performance.now();
      await bus
        .publish(rows.map(({ topic, key, payload }) => ({ topic, key, value: payload })))
        .catch(blame(rows));
      crashPoint("relay-publish:after");
      if (tracing?.on) recordSends(tracing, { rows, system: bus.system, startedAt });
      published.inc(rows.length);
      const sinceMs = performance.now() - publishedAt;
      crowded = rows.length * 1000 >= crowdPerSecond * Math.max(sinceMs, paceOf.everyMs);
      publishedAt += sinceMs;
    }
    for (const eventId of tooLong) noteRefused(eventId, "it is too long");
    limit = Math.min(limit * 2, batchSize);
    return more ? "more" : "done";
  }

  function noteRefused(event: string | number, reason: string): void {
    refused.inc();
    log.error({ event, reason }, "the bus refuses an event for good: see `bun run dlq list`");
  }

  /** @returns whether the next batch may be tried at once */
  async function recover(error: unknown): Promise<boolean> {
    if (!(error instanceof RowsRefused)) return false;
    const [row] = error.rows;
    if (error.rows.length === 1 && row) {
      await setAside(sql, row.id, error.message);
      noteRefused(row.id, error.message);
    } else limit = 1;
    return true;
  }

  /** One batch, and then as long a pause as is due. */
  async function step(failed: number): Promise<number> {
    try {
      const outcome = (await sql.begin(publishBatch)) as Outcome;
      if (failed > 0) log.info("events are published again");
      if (outcome === "more") return 0;
      if (outcome === "done") await prune();
      const rung = await woken.heard(outcome === "done" ? pollMs : contendedMs);
      if (rung) await pause(untilNext(performance.now()));
      return 0;
    } catch (error) {
      failures.inc();
      if (await recover(error).catch(() => false)) return 0;
      if (failed === 0) log.warn({ err: error }, "events wait: the bus or the database does not take them");
      // Whoever commits meanwhile does not make it shorter.
      await pause(Math.min(firstBackoffMs * 2 ** failed, longestBackoffMs));
      return failed + 1;
    }
  }

  const untilNext = (now: number) => Math.max(wait(now), crowded ? publishedAt + crowdPaceMs - now : 0);

  async function prune(): Promise<void> {
    if (Date.now() - prunedAt < pruneEveryMs) return;
    prunedAt = Date.now();
    await pruneOutbox(sql);
  }

  const pause = async (ms: number) =>
    ms > 0 && (await sleep(ms, undefined, { signal: stopping.signal }).catch(() => {}));

  async function run(): Promise<void> {
    for (let failed = 0; !stopping.signal.aborted; ) failed = await step(failed);
    while ((await sql.begin(publishBatch).catch(() => "done")) === "more");
  }

  const running = run();
  return {
    wake: () => woken.ring(),
    async stop() {
      stopping.abort();
      woken.ring();
      await running;
    },
  };
}

/** What the bus refused for good, with the rows that were in the batch. */
class RowsRefused extends Error {
  constructor(
    readonly rows: readonly WaitingRow[],
    refusal: MessageRefused,
  ) {
    super(refusal.message, { cause: refusal });
  }
}

const blame = (rows: readonly WaitingRow[]) => (error: unknown) => {
  throw error instanceof MessageRefused ? new RowsRefused(rows, error) : error;
};

/** One reading for both gauges; not a number while the database is away, and the others can still be read. */
function measureBacklog(metrics: Metrics, sql: Sql): void {
  let reading: ReturnType<typeof measureLag> | undefined;
  const read = () => {
    reading ??= measureLag(sql)
      .catch(() => ({ waiting: Number.NaN, seconds: Number.NaN }))
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };
  metrics.gauge(
    "outbox_waiting_events",
    "Events that wait to be published",
    [],
    async () => (await read()).waiting,
  );
  metrics.gauge(
    "outbox_lag_seconds",
    "Age of the oldest event that waits",
    [],
    async () => (await read()).seconds,
  );
}
