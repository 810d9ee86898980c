import { TypeCompiler } from "@sinclair/typebox/compiler";
import type { CloudEvent } from "#mesh/events/cloud-event";
import { type OrderEvents, orderEvents } from "#mesh/events/order-events";
import { type UserEvents, userEvents } from "#mesh/events/user-events";
import type { Reaction } from "#mesh/inbox/consume";
import type { Transact, Transaction } from "#mesh/postgres/sql";
import { currentContext, traceparent as traceparentOf } from "#observability/context";
import type { Delivery } from "./deliver-mails.ts";
import type { NewNotification } from "./notification.ts";
import {
  addNotifications,
  type ClaimedNotification,
  eraseContents,
  wakeNotificationsOf,
} from "./notification-store.ts";
import { eraseRecipient, saveRecipient } from "./recipient-store.ts";

export interface ReactionDeps {
  readonly transaction: Transact;
  /** What was added is sent from here, once it is committed; or by whoever takes it from the queue when that is too much. */
  readonly delivery: Pick<Delivery, "hasRoomFor" | "send">;
  readonly enqueue: (ids: readonly string[]) => void;
  readonly now: () => Date;
  readonly newId: () => string;
}

/**
 * After each batch that led to mail, so that the next one grows while this one is sent: a mail that is a little later
 * costs nothing, but a transaction for each event alone is most of what it takes.
 */
const pauseMs = 100;

type Events = UserEvents & OrderEvents;

/**
 * What this service does when something happened elsewhere: events → rows, and rows → mails once they are committed. All
 * that a batch of events adds is one statement, at the end of the `transaction` that is to be given to the consumer.
 */
export function createReactions({ transaction, delivery, enqueue, now, newId }: ReactionDeps) {
  const additions = new WeakMap<Transaction, NewNotification[]>();

  const add = (
    tx: Transaction,
    { subject, traceparent: origin, correlationid: correlationId }: CloudEvent,
    notification: Pick<NewNotification, "userId" | "orderId" | "type" | "content">,
  ) => {
    const key = `${notification.type}:${subject}`;
    // What it is a part of is the reaction, where there is a span of that.
    const context = currentContext();
    const traceparent = context?.tracing ? traceparentOf(context) : origin;
    const added = { ...notification, id: newId(), key, traceparent, correlationId } as NewNotification;
    additions.get(tx)?.push(added);
  };

  const reactions = {
    ...reaction("ecotrack.user.registered.v1", userEvents, async (tx, event) => {
      const { userId } = event.data;
      await saveRecipient(tx, event.data);
      await wakeNotificationsOf(tx, userId);
      add(tx, event, { userId, type: "welcome", content: {} });
    }),
    ...reaction("ecotrack.user.updated.v1", userEvents, (tx, { data }) => saveRecipient(tx, data)),
    ...reaction("ecotrack.user.deleted.v1", userEvents, async (tx, { data: { userId } }) => {
      await eraseRecipient(tx, userId);
      await eraseContents(tx, userId);
    }),
    ...reaction("ecotrack.order.confirmed.v1", orderEvents, async (tx, event) => {
      const { userId, orderId, items, total, carbon } = event.data;
      const content = { orderId, items, total, carbon };
      add(tx, event, { userId, orderId, type: "order-confirmed", content });
    }),
    ...reaction("ecotrack.order.cancelled.v1", orderEvents, async (tx, event) => {
      const { userId, orderId, reason, total } = event.data;
      add(tx, event, { userId, orderId, type: "order-cancelled", content: { orderId, reason, total } });
    }),
    ...reaction("ecotrack.order.shipped.v1", orderEvents, async (tx, event) => {
      const { userId, orderId, carrier, trackingNumber } = event.data;
      add(tx, event, {
        userId,
        orderId,
        type: "order-shipped",
        content: { orderId, carrier, trackingNumber },
      });
    }),
  };

  const transactThenSend: Transact = async (work) => {
    let added: ClaimedNotification[] = [];
    let claim = false;
    const result = await transaction(async (tx) => {
      const wanted: NewNotification[] = [];
      additions.set(tx, wanted);
      const done = await work(tx);
      claim = delivery.hasRoomFor(wanted.length);
      added = await addNotifications(tx, wanted, { at: now(), claim });
      return done;
    });
    if (claim) delivery.send(added);
    else enqueue(added.map(({ id }) => id));
    if (added.length > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    return result;
  };

  return { reactions, transaction: transactThenSend };
}

/** A reaction that is only given what its producer promised; anything else throws and becomes a dead letter. */
function reaction<T extends keyof Events>(
  type: T,
  events: Pick<typeof userEvents & typeof orderEvents, T>,
  react: (tx: Transaction, event: CloudEvent<T, Events[T]>) => Promise<void>,
): Record<string, Reaction> {
  const promised = TypeCompiler.Compile(events[type]);
  return {
    [type]: async (tx, event) => {
      const mistake = promised.Errors(event.data).First();
      if (mistake) throw new Error(`${type} breaks its contract at ${mistake.path}: ${mistake.message}`);
      await react(tx, event as CloudEvent<T, Events[T]>);
    },
  };
}
