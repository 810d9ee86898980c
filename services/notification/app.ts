import type { Bus } from "#mesh/bus/bus";
import { orderTopic } from "#mesh/events/order-events";
import { userTopic } from "#mesh/events/user-events";
import type { ServiceAppOptions } from "#mesh/http/service-app";
import { startConsumer } from "#mesh/inbox/consume";
import type { Autocommit, Sql, Transact } from "#mesh/postgres/sql";
import { createDelivery } from "./deliver-mails.ts";
import { createNotificationHttp } from "./http.ts";
import { openMailQueue } from "./mail-queue.ts";
import { createMailer } from "./mailer.ts";
import { createNotificationMetrics } from "./notification-metrics.ts";
import { createReactions } from "./reactions.ts";
import { startSweep } from "./sweep-notifications.ts";

export interface NotificationAppOptions extends Omit<ServiceAppOptions, "name"> {
  readonly sql: Sql;
  readonly transaction: Transact;
  readonly autocommit: Autocommit;
  readonly bus: Bus;
  readonly now: () => Date;
  readonly newId: () => string;
  readonly config: { readonly redisUrl: string; readonly smtpUrl: string; readonly mailFrom: string };
  /** Keeps apart the queues of several apps on one Redis. */
  readonly queuePrefix?: string;
}

/** Wires notification-service: consumer → rows → mail server, and the queue and the sweep behind them. */
export async function createNotificationApp(options: NotificationAppOptions) {
  const {
    sql,
    transaction,
    autocommit,
    bus,
    identity,
    log,
    metrics,
    tracing,
    now,
    newId,
    config,
    queuePrefix,
  } = options;
  const name = "notification-service";
  const mailer = createMailer({ smtpUrl: config.smtpUrl, from: config.mailFrom, now });
  const measured = createNotificationMetrics(metrics, sql);
  const delivery = createDelivery({
    sql,
    transaction,
    autocommit,
    mailer,
    metrics: measured,
    tracing,
    log,
    now,
    newId,
  });
  const queue = openMailQueue({
    redisUrl: config.redisUrl,
    deliver: (ids) => delivery.deliver(ids),
    log,
    ...(queuePrefix !== undefined && { prefix: queuePrefix }),
  });
  const enqueue = (ids: readonly string[]) => queue.add(ids);
  const { reactions, transaction: consume } = createReactions({ transaction, delivery, enqueue, now, newId });
  const topics = [userTopic, orderTopic];
  const consumer = await startConsumer({
    name,
    bus,
    sql,
    transaction: consume,
    topics,
    reactions,
    log,
    metrics,
    tracing,
  });
  const sweep = startSweep({ transaction, enqueue, log });
  return {
    app: createNotificationHttp({ name, identity, log, metrics, tracing }, { sql, transaction }),
    async close() {
      await consumer.stop();
      await sweep.stop();
      await queue.close();
      await delivery.close();
      mailer.close();
    },
  };
}
