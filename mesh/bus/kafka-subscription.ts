import { setTimeout as sleep } from "node:timers/promises";
import type { Batch, Consumer, EachBatchPayload, IHeaders, Kafka } from "kafkajs";
import type { Log } from "#observability/log";
import { crashPoint } from "../crash-point.ts";
import type { DeliveredMessage, SubscribeOptions, Subscription } from "./bus.ts";
import { deliver } from "./deliver.ts";

/** How long the broker holds back an answer that would be empty; also what `stop` waits for. */
const maxWaitTimeInMs = 200;
const restartMs = 2000;
const topicAttempts = 20;
const topicWaitMs = 250;

/**
 * Reads as a member of its group until it is stopped. A batch here is of one partition; kafkajs hands over one at a time.
 * @throws when the brokers are away
 */
export async function startKafkaSubscription(
  kafka: Kafka,
  { group, topics, handle, sessionTimeoutMs, log }: SubscribeOptions & { sessionTimeoutMs: number; log: Log },
): Promise<Pick<Subscription, "stop">> {
  const stopping = new AbortController();
  const heartbeatInterval = sessionTimeoutMs / 4;
  let consumer = await whenTopicsAreKnown(start);

  async function start(): Promise<Consumer> {
    const started = kafka.consumer({
      groupId: group,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval,
      maxWaitTimeInMs,
      allowAutoTopicCreation: false,
    });
    started.on(started.events.CRASH, ({ payload: { error, restart } }) => {
      log.error({ err: error, group, restart }, "the Kafka consumer crashed and will start again");
      if (!restart) void restartUntilItRuns();
    });
    try {
      await started.connect();
      await started.subscribe({ topics: [...topics], fromBeginning: true });
      await started.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch });
      return started;
    } catch (error) {
      await started.disconnect().catch(() => {});
      throw error;
    }
  }

  /** For what kafkajs takes to be final. */
  async function restartUntilItRuns(): Promise<void> {
    for (;;) {
      await sleep(restartMs, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      try {
        consumer = await start();
        return;
      } catch (err) {
        log.warn({ err, group }, "the Kafka consumer does not start yet");
      }
    }
  }

  /** Throws kafkajs's own error when the partition was lost, so that it joins again; the batch then comes again. */
  async function eachBatch(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const last = batch.messages.at(-1);
    if (!last || stopping.signal.aborted || payload.isStale()) return;
    const lost = new AbortController();
    const beating = setInterval(() => {
      payload.heartbeat().catch((error: unknown) => lost.abort(error));
    }, heartbeatInterval);
    const ended = AbortSignal.any([stopping.signal, lost.signal]);
    const handled = await deliver(deliveredOf(batch), { handle, group, ended, log }).finally(() => {
      clearInterval(beating);
    });
    if (lost.signal.aborted) throw lost.signal.reason;
    if (!handled) return;
    const offset = String(BigInt(last.offset) + 1n);
    const { topic, partition } = batch;
    crashPoint("offset-commit:before");
    await payload.commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset }] }] });
    crashPoint("offset-commit:after");
    payload.resolveOffset(last.offset);
  }

  return {
    async stop() {
      stopping.abort();
      await consumer.disconnect();
    },
  };
}

/** A topic that this or another process has just made is not known to every broker at once. */
export async function whenTopicsAreKnown<T>(work: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await work();
    } catch (error) {
      if (tried >= topicAttempts || !isUnknownTopic(error)) throw error;
      await sleep(topicWaitMs);
    }
  }
}

const isUnknownTopic = (error: unknown): boolean => {
  const { type, cause } = error as { type?: string; cause?: unknown };
  return type === "UNKNOWN_TOPIC_OR_PARTITION" || (cause instanceof Error && isUnknownTopic(cause));
};

function deliveredOf({ topic, partition, messages }: Batch): DeliveredMessage[] {
  return messages.map(({ key, value, headers, offset }) => {
    const texts = headersOf(headers);
    return {
      topic,
      partition,
      offset,
      key: key?.toString() ?? "",
      value: value?.toString() ?? "",
      ...(texts && { headers: texts }),
    };
  });
}

function headersOf(headers: IHeaders | undefined): Record<string, string> | undefined {
  const entries = Object.entries(headers ?? {});
  if (entries.length === 0) return undefined;
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value ?? "")]));
}
