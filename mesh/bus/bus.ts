/** One event on its way: `value` is the CloudEvent as JSON, `key` decides which others it stays in order with. */
export interface BusMessage {
  readonly topic: string;
  readonly key: string;
  readonly value: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface DeliveredMessage extends BusMessage {
  readonly partition: number;
  /** A decimal number that grows within the partition. */
  readonly offset: string;
}

export interface SubscribeOptions {
  /** The members of a group share the partitions; each group gets every message. */
  readonly group: string;
  readonly topics: readonly string[];
  /** A batch that throws is delivered again, in the same order, after a bounded wait. */
  readonly handle: (batch: readonly DeliveredMessage[]) => Promise<void>;
}

export interface Subscription {
  /** Takes no new batch and resolves when the running one is handled. */
  stop(): Promise<void>;
}

/**
 * At least once, in order per key. Kafka and the embedded log both keep this promise; `bus.store.test.ts` is the suite
 * that holds them to it.
 */
export interface Bus {
  /** Resolves when every message is durable; keeps the order of messages with the same key. @throws when it is not */
  publish(messages: readonly BusMessage[]): Promise<void>;
  subscribe(options: SubscribeOptions): Promise<Subscription>;
  /** @throws when the bus is away */
  check(): Promise<void>;
  /** Ends the subscriptions, then the connections. */
  close(): Promise<void>;
}
