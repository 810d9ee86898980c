import type { CloudEvent } from "#mesh/events/cloud-event";
import type { OrderEvents } from "#mesh/events/order-events";
import type { UserEvents } from "#mesh/events/user-events";
import type { Reaction } from "#mesh/inbox/consume";
import type { Transact, Transaction } from "#mesh/postgres/sql";
import type { NewNotification } from "./notification.ts";
import { addNotification } from "./notification-store.ts";
import { eraseRecipient, saveRecipient } from "./recipient-store.ts";

export interface ReactionDeps {
  readonly transaction: Transact;
  /** Hands over what a transaction added, after it is committed. */
  readonly enqueue: (ids: readonly string[]) => Promise<void>;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** What this service does when something happened elsewhere: events → rows, and rows → queue once they are committed. */
export function createReactions({ transaction, enqueue, now, newId }: ReactionDeps) {
  const additions = new WeakMap<Transaction, string[]>();

  async function add(
    tx: Transaction,
    about: string,
    notification: Omit<NewNotification, "id" | "key">,
  ): Promise<void> {
    const id = newId();
    const added = { ...notification, id, key: `${notification.type}:${about}` } as NewNotification;
    if (await addNotification(tx, added, now())) additions.get(tx)?.push(id);
  }

  const reactions: Record<string, Reaction> = {
    "ecotrack.user.registered.v1": async (tx, event) => {
      const { userId, email, firstName } = dataOf(event, "ecotrack.user.registered.v1");
      await saveRecipient(tx, { userId, email, firstName });
      await add(tx, userId, { userId, type: "welcome", content: {} });
    },
    "ecotrack.user.updated.v1": async (tx, event) => {
      const { userId, email, firstName } = dataOf(event, "ecotrack.user.updated.v1");
      await saveRecipient(tx, { userId, email, firstName });
    },
    "ecotrack.user.deleted.v1": async (tx, event) => {
      await eraseRecipient(tx, dataOf(event, "ecotrack.user.deleted.v1").userId);
    },
    "ecotrack.order.confirmed.v1": async (tx, event) => {
      const { userId, orderId, items, total, carbon } = dataOf(event, "ecotrack.order.confirmed.v1");
      const content = { orderId, items, total, carbon };
      await add(tx, orderId, { userId, orderId, type: "order-confirmed", content });
    },
    "ecotrack.order.cancelled.v1": async (tx, event) => {
      const { userId, orderId, reason, total } = dataOf(event, "ecotrack.order.cancelled.v1");
      await add(tx, orderId, {
        userId,
        orderId,
        type: "order-cancelled",
        content: { orderId, reason, total },
      });
    },
  };

  /** The transaction of a consumer: what it added goes to the queue when it is committed. */
  const transactThenEnqueue: Transact = async (work) => {
    const added: string[] = [];
    const result = await transaction((tx) => {
      additions.set(tx, added);
      return work(tx);
    });
    await enqueue(added);
    return result;
  };

  return { reactions, transaction: transactThenEnqueue };
}

type Events = UserEvents & OrderEvents;

/** The producer's contract says what is in an event of this type. */
const dataOf = <T extends keyof Events>(event: CloudEvent, _type: T): Events[T] => event.data as Events[T];
