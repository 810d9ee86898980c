import { type Admin, type Kafka, Partitioners, type Producer } from "kafkajs";
import type { BusMessage } from "./bus.ts";
import { MessageRefused } from "./message-refused.ts";

export interface TopicDefaults {
  readonly partitionsPerTopic: number;
  readonly replicationFactor: number;
}

/**
 * The writing side of Kafka, one batch at a time: kafkajs numbers a batch when it sends it, and would give the number of
 * one that failed to the next, which the broker may then take for a repetition and drop. For the same reason a
 * producer that failed is not used again: its successor has an id of its own and counts from the beginning.
 */
export function openKafkaPublisher(kafka: Kafka, { partitionsPerTopic, replicationFactor }: TopicDefaults) {
  const topicsThere = new Set<string>();
  let admin: Promise<Admin> | undefined;
  let producer: Promise<Producer> | undefined;
  let last: Promise<void> = Promise.resolve();

  async function withAdmin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    admin ??= connected(kafka.admin());
    const used = admin;
    try {
      return await work(await used);
    } catch (error) {
      if (admin === used) admin = undefined;
      discard(used);
      throw error;
    }
  }

  async function ensureTopics(topics: readonly string[]): Promise<void> {
    const unknown = [...new Set(topics)].filter((topic) => !topicsThere.has(topic));
    if (unknown.length === 0) return;
    await withAdmin(async (client) => {
      const existing = new Set(await client.listTopics());
      const missing = unknown.filter((topic) => !existing.has(topic));
      const topicConfigs = missing.map((topic) => ({
        topic,
        numPartitions: partitionsPerTopic,
        replicationFactor,
      }));
      // Resolves to false when another process was first, which is as good.
      if (topicConfigs.length > 0) await client.createTopics({ topics: topicConfigs, waitForLeaders: true });
    });
    for (const topic of unknown) topicsThere.add(topic);
  }

  async function send(messages: readonly BusMessage[]): Promise<void> {
    await ensureTopics(messages.map(({ topic }) => topic)).catch((error: unknown) => {
      throw refusalIn(error) ?? error;
    });
    producer ??= connected(
      kafka.producer({
        idempotent: true,
        maxInFlightRequests: 1,
        allowAutoTopicCreation: false,
        createPartitioner: Partitioners.DefaultPartitioner,
        // About ten seconds; kafkajs's own choice for an idempotent producer is never to give up.
        retry: { retries: 5 },
      }),
    );
    const used = producer;
    try {
      await (await used).sendBatch({ acks: -1, topicMessages: byTopic(messages) });
    } catch (error) {
      producer = undefined;
      discard(used);
      throw refusalIn(error) ?? error;
    }
  }

  return {
    ensureTopics,
    withAdmin,
    publish(messages: readonly BusMessage[]): Promise<void> {
      if (messages.length === 0) return Promise.resolve();
      const sent = last.then(() => send(messages));
      last = sent.catch(() => {});
      return sent;
    },
    async close(): Promise<void> {
      await last;
      const clients = await Promise.allSettled([producer, admin]);
      const open = clients.flatMap((client) =>
        client.status === "fulfilled" && client.value ? [client.value] : [],
      );
      await Promise.all(open.map((client) => client.disconnect()));
    },
  };
}

const refusals = new Set([
  "MESSAGE_TOO_LARGE",
  "RECORD_LIST_TOO_LARGE",
  "INVALID_TOPIC_EXCEPTION",
  "INVALID_RECORD",
]);

/** What Kafka will say again however often it is asked; kafkajs wraps it in errors of its own. */
function refusalIn(error: unknown): MessageRefused | undefined {
  for (let found = error; found instanceof Error; found = found.cause) {
    const { type } = found as { type?: string };
    if (type && refusals.has(type)) return new MessageRefused(`Kafka: ${found.message}`, { cause: error });
  }
  return undefined;
}

async function connected<T extends { connect(): Promise<void> }>(client: T): Promise<T> {
  await client.connect();
  return client;
}

function discard(client: Promise<{ disconnect(): Promise<void> }>): void {
  client.then((failed) => failed.disconnect()).catch(() => {});
}

function byTopic(messages: readonly BusMessage[]) {
  return [...Map.groupBy(messages, ({ topic }) => topic)].map(([topic, batch]) => ({
    topic,
    messages: batch.map(({ key, value, headers }) => ({ key, value, ...(headers && { headers }) })),
  }));
}
