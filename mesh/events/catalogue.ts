import type { TSchema } from "@sinclair/typebox";
import { notificationEvents, notificationTopic } from "./notification-events.ts";
import { orderEvents, orderTopic } from "./order-events.ts";
import { paymentEvents, paymentTopic } from "./payment-events.ts";
import { productEvents, productTopic } from "./product-events.ts";
import { userEvents, userTopic } from "./user-events.ts";

export interface Producer {
  readonly source: string;
  readonly topic: string;
  /** The schema of the data of each event, by type. */
  readonly events: Readonly<Record<string, TSchema>>;
}

/** Everything that is ever said on the bus, by who says it. */
export const catalogue: readonly Producer[] = [
  { source: "/user-service", topic: userTopic, events: userEvents },
  { source: "/product-service", topic: productTopic, events: productEvents },
  { source: "/order-service", topic: orderTopic, events: orderEvents },
  { source: "/payment-service", topic: paymentTopic, events: paymentEvents },
  { source: "/notification-service", topic: notificationTopic, events: notificationEvents },
];

/** One event as consumers know it; `data` is its JSON schema. */
export interface EventContract {
  readonly source: string;
  readonly topic: string;
  readonly data: unknown;
}

/** All events by type, as plain JSON. */
export function contractsOf(producers: readonly Producer[]): Record<string, EventContract> {
  const entries = producers.flatMap(({ source, topic, events }) =>
    Object.entries(events).map(([type, data]): [string, EventContract] => [type, { source, topic, data }]),
  );
  return JSON.parse(JSON.stringify(Object.fromEntries(entries))) as Record<string, EventContract>;
}
