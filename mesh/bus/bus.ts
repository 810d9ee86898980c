/** Bytes of UTF-8 in a value. */
export const longestMessageBytes = 1_000_000;

/** One event on its way: `value` is the CloudEvent as JSON, `key` decides which others it stays in order with. */
export interface BusMessage {
  readonly topic: string;
  readonly key: string;
  /** UTF-8 text up to `longestMessageBytes`, without the character U+0000. */
  readonly value: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface DeliveredMessage extends BusMessage {
  readonly partition: number;
  /** A decimal number that grows within the partition. */
  readonly offset: string;
}

export interface SubscribeOptions {
  /** The members of a group share the partitions; each group gets every message, from the oldest that is kept. */
  readonly group: string;
  readonly topics: readonly string[];
  /**
   * Gets one batch at a time, each partition's messages in order. Once it resolves, the group's offsets are committed.
   * When it throws, the same batch comes again after a wait that grows to `longestRetryMs` of deliver.ts, and nothing
   * else of this subscription is handled before. After a crash, or when the partition moved to another member while the
   * handler ran, messages come again too: the handler must bear that, and the inbox does.
   */
  readonly handle: (batch: readonly DeliveredMessage[]) => Promise<void>;
}

export interface Subscription {
  /** How many messages its group has not handled yet, whichever member reads them. @throws when the bus is away */
  waiting(): Promise<number>;
  /** Takes no new batch and resolves when the running one is handled and committed, or has failed once more. */
  stop(): Promise<void>;
}

/**
 * At least once, in order per key. Kafka and the embedded log both keep this promise; `bus.store.test.ts` is the suite
 * that holds them to it.
 */
export interface Bus {
  /** `messaging.system` of OpenTelemetry's conventions. */
  readonly system: "kafka" | "ecotrack";
  /**
   * Resolves when every message is durable. Messages with the same key keep their order, within one call and over calls
   * that await each other. A topic that does not exist is created.
   * @throws when they may not be durable; some of them may be there nevertheless, so publish all again
   * @throws MessageRefused when that is of no use
   */
  publish(messages: readonly BusMessage[]): Promise<void>;
  subscribe(options: SubscribeOptions): Promise<Subscription>;
  /** @throws Error that names the bus and the cause, within a few seconds, when the bus is away */
  check(): Promise<void>;
  /** Ends the subscriptions as their `stop` does, then the connections. */
  close(): Promise<void>;
}
