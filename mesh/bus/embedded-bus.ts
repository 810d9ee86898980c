import postgres from "postgres";
import type { Log } from "#observability/log";
import { type Bus, type BusMessage, longestMessageBytes, type SubscribeOptions } from "./bus.ts";
import { openEmbeddedLog, publishedChannel } from "./embedded-log.ts";
import { keepPruning, prune } from "./embedded-retention.ts";
import { createSchema } from "./embedded-schema.ts";
import { membersChannel } from "./embedded-session.ts";
import { type EmbeddedSubscription, startSubscription } from "./embedded-subscription.ts";
import { MessageRefused } from "./message-refused.ts";
import { createRenewablePool } from "./renewable-pool.ts";

const openTimeoutMs = 10_000;
const checkTimeoutMs = 2000;
const statementTimeoutMs = 10_000;
const publishTimeoutMs = 15_000;
const pruneTimeoutMs = 30 * 60 * 1000;
/** Publishers are few (the relay of each service is one) and work in batches. */
const publishConnections = 2;

export interface EmbeddedBusOptions {
  readonly databaseUrl: string;
  /** Shown by pg_stat_activity. */
  readonly clientId?: string;
  readonly log: Log;
  /** Of topics that are created from now on. */
  readonly partitionsPerTopic?: number;
  /** Days that a message is kept after every group has read it. */
  readonly keptDays?: number;
  /** After which the partitions of a process that hangs go to the other members. */
  readonly sessionTimeoutMs?: number;
}

/**
 * A durable partitioned log in a PostgreSQL database of its own, for one machine without a broker.
 * Connections: two at most to publish, and for a process that subscribes one per subscription and one that listens.
 * They must reach PostgreSQL itself or a pool that keeps sessions: locks and notifications belong to them.
 * @throws when the database is away
 */
export async function openEmbeddedBus({
  databaseUrl,
  clientId = "ecotrack",
  log,
  partitionsPerTopic = 8,
  keptDays = 7,
  sessionTimeoutMs = 30_000,
}: EmbeddedBusOptions): Promise<Bus> {
  const openPool = () => postgres(databaseUrl, poolOptions(clientId));
  const pool = createRenewablePool("The embedded bus", openPool);
  /** Only listens, on one connection that postgres.js opens again when it was lost. */
  const listener = openPool();
  await pool.use(openTimeoutMs, createSchema).catch(async (error: unknown) => {
    await pool.end();
    throw error;
  });
  const messages = openEmbeddedLog({ partitionsPerTopic });
  const ended = new AbortController();
  const pruneOnce = () => pool.use(pruneTimeoutMs, (sql) => prune(sql, keptDays, ended.signal));
  void keepPruning(pruneOnce, { ended: ended.signal, log });
  const subscriptions = new Set<EmbeddedSubscription>();
  let listening: Promise<unknown> | undefined;

  async function listen(): Promise<void> {
    await listener.listen(
      publishedChannel,
      (payload) => {
        const ids = payload === "" ? [] : payload.split(",").map(Number);
        for (const subscription of subscriptions) subscription.published(ids);
      },
      () => {
        // Listening anew after a lost connection: whatever was said meanwhile was not heard.
        for (const subscription of subscriptions) subscription.published([]);
      },
    );
    await listener.listen(membersChannel, (groupId) => {
      for (const subscription of subscriptions) subscription.membersChanged(Number(groupId));
    });
  }

  return {
    system: "ecotrack",
    async publish(batch) {
      if (batch.length === 0) return;
      refuseTooLong(batch);
      await pool
        .use(publishTimeoutMs, (sql) => messages.append(sql, batch))
        .catch((error: unknown) => {
          throw isRefusal(error) ? new MessageRefused((error as Error).message, { cause: error }) : error;
        });
    },
    async subscribe(options: SubscribeOptions) {
      listening ??= listen().catch((error: unknown) => {
        listening = undefined;
        throw error;
      });
      await listening;
      const partitions = await pool.use(checkTimeoutMs, (sql) =>
        Promise.all(options.topics.map((topic) => messages.partitionsOf(sql, topic))),
      );
      const session = { databaseUrl, clientId, partitions: partitions.flat(), sessionTimeoutMs };
      const subscription = await startSubscription({ ...options, ...session, log });
      subscriptions.add(subscription);
      subscription.membersChanged();
      const ids = partitions.flat().map(({ id }) => id);
      return {
        waiting: () => pool.use(checkTimeoutMs, (sql) => messages.waiting(sql, options.group, ids)),
        async stop() {
          subscriptions.delete(subscription);
          await subscription.stop();
        },
      };
    },
    async check() {
      await pool.use(checkTimeoutMs, async (sql) => await sql`select 1 from partitions limit 1`);
    },
    async close() {
      ended.abort();
      await Promise.all([...subscriptions].map((subscription) => subscription.stop()));
      await Promise.all([pool.end(), listener.end({ timeout: 1 })]);
    },
  };
}

function refuseTooLong(batch: readonly BusMessage[]): void {
  // No character has more than three bytes for each of its UTF-16 units.
  const long = batch.find(
    ({ value }) => value.length * 3 > longestMessageBytes && Buffer.byteLength(value) > longestMessageBytes,
  );
  if (!long) return;
  const bytes = Buffer.byteLength(long.value);
  throw new MessageRefused(`${bytes} bytes are too long for the bus, which takes ${longestMessageBytes}`);
}

/** Text that cannot be stored, or too much of it (SQLSTATE classes). */
const isRefusal = (error: unknown): boolean =>
  error instanceof postgres.PostgresError && /^(22|54)/.test(error.code);

const poolOptions = (clientId: string) => ({
  max: publishConnections,
  connect_timeout: 5,
  connection: {
    application_name: `bus ${clientId}`,
    statement_timeout: statementTimeoutMs,
    synchronous_commit: "on",
    jit: "off",
  },
  onnotice() {},
});
