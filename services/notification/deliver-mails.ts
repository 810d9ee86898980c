import type { CloudEvent } from "#mesh/events/cloud-event";
import { notificationEvent, notificationTopic } from "#mesh/events/notification-events";
import { appendEvents } from "#mesh/outbox/append";
import type { Transact } from "#mesh/postgres/sql";
import type { Log } from "#observability/log";
import type { Mailer } from "./mailer.ts";
import { everything, isWanted, render, retryAfterMs } from "./notification.ts";
import type { NotificationMetrics } from "./notification-metrics.ts";
import {
  type ClaimedNotification,
  claimNotifications,
  endNotifications,
  postponeNotification,
} from "./notification-store.ts";

export interface DeliveryDeps {
  readonly transaction: Transact;
  readonly mailer: Mailer;
  readonly metrics: NotificationMetrics;
  readonly log: Log;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** How sending one of them went; `again` waits for another try. */
type Outcome =
  | { readonly ended: "sent" }
  | { readonly ended: "skipped" }
  | { readonly ended: "failed"; readonly reason: string }
  | { readonly again: number; readonly reason: string };

/** A person who is not known yet is waited for this long between looks. */
const unknownRecipientMs = 2000;

/**
 * Sends what waits of `ids`: claim, send, record, for all of them together. A process that dies between sending and
 * recording leaves them claimed; they are sent again under the same Message-ID when the claim has run out.
 */
export async function deliverMails(deps: DeliveryDeps, ids: readonly string[]): Promise<void> {
  const claimed = await deps.transaction((tx) => claimNotifications(tx, ids));
  if (claimed.length === 0) return;
  const sent = await Promise.all(claimed.map(async (each) => ({ each, outcome: await attempt(deps, each) })));
  await deps.transaction(async (tx) => {
    const ended = (ending: string) =>
      sent.filter(({ outcome }) => "ended" in outcome && outcome.ended === ending);
    await endNotifications(
      tx,
      "sent",
      ended("sent").map(({ each }) => each.id),
    );
    await endNotifications(
      tx,
      "skipped",
      ended("skipped").map(({ each }) => each.id),
    );
    for (const { each, outcome } of sent) {
      if ("again" in outcome) await postponeNotification(tx, each.id, outcome.again, outcome.reason);
      else if (outcome.ended === "failed") await endNotifications(tx, "failed", [each.id], outcome.reason);
    }
    await appendEvents(
      tx,
      notificationTopic,
      sent.flatMap(({ each, outcome }) => eventOf(deps, each, outcome)),
    );
  });
  for (const { outcome } of sent) {
    deps.metrics.notifications.inc({
      channel: "email",
      outcome: "ended" in outcome ? outcome.ended : "retried",
    });
  }
}

async function attempt({ mailer, log }: DeliveryDeps, claimed: ClaimedNotification): Promise<Outcome> {
  const { id, email, firstName, gone, orderUpdates, type, attempts } = claimed;
  if (gone) return { ended: "skipped" };
  if (email === null || firstName === null) {
    const again = retryAfterMs(attempts);
    const reason = "the recipient is not known yet";
    return again === undefined
      ? { ended: "failed", reason }
      : { again: Math.max(again, unknownRecipientMs), reason };
  }
  if (!isWanted(type, { ...everything, ...(orderUpdates !== null && { orderUpdates }) }))
    return { ended: "skipped" };
  try {
    await mailer.send({ id, to: email, ...render(claimed, firstName) });
    return { ended: "sent" };
  } catch (error) {
    const { message, responseCode } = error as Error & { responseCode?: number };
    const again = isFinal(responseCode) ? undefined : retryAfterMs(attempts);
    log.warn({ notificationId: id, attempts, responseCode }, "a mail was not taken");
    return again === undefined ? { ended: "failed", reason: message } : { again, reason: message };
  }
}

/** RFC 5321 §4.2.1: 5yz is for ever, whoever tries again. */
const isFinal = (responseCode: number | undefined): boolean =>
  responseCode !== undefined && responseCode >= 500;

function eventOf(
  { now, newId }: DeliveryDeps,
  { id, userId, type, orderId }: ClaimedNotification,
  outcome: Outcome,
): CloudEvent[] {
  if (!("ended" in outcome) || outcome.ended === "skipped") return [];
  const event = { id: newId(), subject: id, time: now() };
  const data = { notificationId: id, userId, type, channel: "email", subject: orderId ? { orderId } : {} };
  if (outcome.ended === "sent")
    return [notificationEvent("ecotrack.notification.sent.v1", { ...event, data })];
  const failed = { ...data, reason: outcome.reason };
  return [notificationEvent("ecotrack.notification.failed.v1", { ...event, data: failed })];
}
