import { Kafka, logLevel } from "kafkajs";
import type { Log } from "#observability/log";
import type { Bus, SubscribeOptions, Subscription } from "./bus.ts";
import { countWaiting } from "./kafka-lag.ts";
import { kafkaLog } from "./kafka-log.ts";
import { openKafkaPublisher } from "./kafka-publisher.ts";
import { startKafkaSubscription, whenTopicsAreKnown } from "./kafka-subscription.ts";
import { orAway } from "./or-away.ts";
import { quietRequestQueue } from "./quiet-request-queue.ts";

const openTimeoutMs = 20_000;
const checkTimeoutMs = 3000;

export interface KafkaBusOptions {
  /** `host:port` of some brokers of the cluster. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly log: Log;
  /** Of topics that this process creates. */
  readonly partitionsPerTopic?: number;
  /** Of topics that this process creates. By default the broker's own `default.replication.factor`. */
  readonly replicationFactor?: number;
  /** After which the partitions of a process that hangs go to the other members; Kafka allows no less than 6 s. */
  readonly sessionTimeoutMs?: number;
}

/**
 * The bus on Apache Kafka: all in-sync replicas acknowledge, producers are idempotent, offsets are committed by hand.
 * @throws when no broker answers
 */
export async function openKafkaBus({
  brokers,
  clientId,
  log,
  partitionsPerTopic = 8,
  replicationFactor = -1,
  sessionTimeoutMs = 10_000,
}: KafkaBusOptions): Promise<Bus> {
  quietRequestQueue();
  const kafka = new Kafka({
    brokers: [...brokers],
    clientId,
    connectionTimeout: 3000,
    logLevel: logLevel.WARN,
    logCreator: kafkaLog(log),
  });
  const publisher = openKafkaPublisher(kafka, { partitionsPerTopic, replicationFactor });
  const subscriptions = new Set<Pick<Subscription, "stop">>();
  const name = `Kafka at ${brokers.join(", ")}`;
  await orAway(
    name,
    openTimeoutMs,
    publisher.withAdmin((admin) => admin.listTopics()),
  );

  return {
    system: "kafka",
    publish: (messages) => publisher.publish(messages),
    async subscribe(options: SubscribeOptions) {
      await whenTopicsAreKnown(() => publisher.ensureTopics(options.topics));
      const subscription = await startKafkaSubscription(kafka, { ...options, sessionTimeoutMs, log });
      subscriptions.add(subscription);
      return {
        waiting: () => publisher.withAdmin((admin) => countWaiting(admin, options)),
        async stop() {
          subscriptions.delete(subscription);
          await subscription.stop();
        },
      };
    },
    async check() {
      await orAway(
        name,
        checkTimeoutMs,
        publisher.withAdmin((admin) => admin.listTopics()),
      );
    },
    async close() {
      await Promise.all([...subscriptions].map((subscription) => subscription.stop()));
      await publisher.close();
    },
  };
}
