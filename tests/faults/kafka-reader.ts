import { createHash, randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { Kafka, logLevel } from "kafkajs";
import { quietRequestQueue } from "../../mesh/bus/quiet-request-queue.ts";
import type { BusReader, OnBus } from "../audit/bus-order.ts";

const readWithinMs = 60_000;

/** Reads all topics of a broker from their beginning, and goes on from there with each call. */
export async function openKafkaReader(
  brokers: string,
): Promise<{ readonly read: BusReader; close(): Promise<void> }> {
  quietRequestQueue();
  const kafka = new Kafka({ brokers: brokers.split(","), clientId: "prove", logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  const consumer = kafka.consumer({ groupId: `prove-${randomUUID()}`, maxWaitTimeInMs: 200 });
  await admin.connect();
  const topics = (await admin.listTopics()).filter((topic) => !topic.startsWith("__"));
  const records: OnBus[] = [];
  const nextOffsets = new Map<string, number>();
  await consumer.connect();
  await consumer.subscribe({ topics, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ topic, partition, message }) => {
      const name = `${topic}/${partition}`;
      // A rebalance begins again at the beginning: nothing is committed.
      if (Number(message.offset) < (nextOffsets.get(name) ?? 0)) return;
      nextOffsets.set(name, Number(message.offset) + 1);
      records.push(recordOf(name, String(message.key), message.value ?? Buffer.alloc(0)));
    },
  });

  /** How many messages are there that were not read yet. */
  async function left(): Promise<number> {
    const offsets = await Promise.all(
      topics.map(async (topic) => ({ topic, ends: await admin.fetchTopicOffsets(topic) })),
    );
    return offsets
      .flatMap(({ topic, ends }) =>
        ends.map(({ partition, high }) => Number(high) - (nextOffsets.get(`${topic}/${partition}`) ?? 0)),
      )
      .reduce((sum, each) => sum + Math.max(0, each), 0);
  }

  return {
    async read() {
      const deadline = Date.now() + readWithinMs;
      for (;;) {
        const unread = await left();
        if (unread === 0) return records;
        if (Date.now() > deadline) throw new Error(`${unread} messages of Kafka cannot be read`);
        await wait(200);
      }
    },
    async close() {
      await Promise.all([consumer.disconnect(), admin.disconnect()]);
    },
  };
}

const recordOf = (partition: string, key: string, value: Buffer): OnBus => ({
  id: String((JSON.parse(value.toString()) as { id: unknown }).id),
  key,
  partition,
  digest: createHash("md5").update(value).digest("hex"),
});
