import type { Bus, BusMessage, DeliveredMessage, SubscribeOptions } from "../bus.ts";

/** Keeps what it is given, in order, and delivers what it is told to. Set `fails` to make it refuse a batch. */
export function createMemoryBus() {
  const taken: BusMessage[] = [];
  let handle: SubscribeOptions["handle"] = async () => {};
  let offset = 0;
  const bus: Bus & {
    taken: BusMessage[];
    fails?: ((batch: readonly BusMessage[]) => Error | undefined) | undefined;
    deliver(values: readonly unknown[]): Promise<void>;
  } = {
    system: "ecotrack",
    taken,
    async publish(batch) {
      const failure = bus.fails?.(batch);
      if (failure) throw failure;
      taken.push(...batch);
    },
    async subscribe(options) {
      handle = options.handle;
      return { waiting: async () => 0, stop: async () => {} };
    },
    check: async () => {},
    close: async () => {},
    /** Texts as they are, all else as JSON, in one batch. */
    deliver: (values) =>
      handle(
        values.map((value): DeliveredMessage => {
          offset += 1;
          const text = typeof value === "string" ? value : JSON.stringify(value);
          return { topic: "test-events", key: "k", partition: 0, offset: String(offset), value: text };
        }),
      ),
  };
  return bus;
}
