import type { CloudEvent } from "#mesh/events/cloud-event";
import { notificationEvent } from "#mesh/events/notification-events";
import type { Autocommit } from "#mesh/postgres/sql";
import { type RequestContext, runWith } from "#observability/context";
import type { Log } from "#observability/log";
import type { NotificationMetrics } from "./notification-metrics.ts";
import { type ClaimedNotification, type SavedOutcome, saveOutcomes } from "./notification-store.ts";

/** How sending one of them went; `again` waits for another try, so many ms from now. */
export type Outcome =
  | { readonly ended: "sent" }
  | { readonly ended: "skipped" }
  | { readonly ended: "failed"; readonly reason: string }
  | { readonly again: number; readonly reason: string };

export interface Delivered {
  readonly claimed: ClaimedNotification;
  readonly outcome: Outcome;
  /** Of the attempt. */
  readonly context: RequestContext;
}

export interface RecorderDeps {
  readonly autocommit: Autocommit;
  readonly metrics: NotificationMetrics;
  readonly log: Log;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** Outcomes this close together share a statement. Also how long a crash may forget that a mail was taken. */
const gatherMs = 30;
const longestWaitMs = 5000;
/** How long a database may be away before what was sent is forgotten, and sent again under the same Message-ID. */
const giveUpAfterMs = 300_000;

/**
 * Writes down how deliveries went, with their events; the function returned resolves when that is committed. It goes on
 * trying for as long as makes sense: an outcome that is forgotten is a mail that is sent twice.
 */
export function createOutcomeRecorder(deps: RecorderDeps): (delivered: Delivered) => Promise<void> {
  let gathered: Delivered[] = [];
  let recording: Promise<void> | undefined;

  async function recordGathered(): Promise<void> {
    await sleep(gatherMs);
    const batch = gathered;
    gathered = [];
    recording = undefined;
    await recordStubbornly(deps, batch);
    for (const { claimed, outcome } of batch) measure(deps, claimed, outcome);
  }

  return (delivered) => {
    gathered.push(delivered);
    recording ??= recordGathered();
    return recording;
  };
}

async function recordStubbornly(deps: RecorderDeps, batch: readonly Delivered[]): Promise<void> {
  const giveUpAt = performance.now() + giveUpAfterMs;
  const outcomes = batch.map((each) => toSaved(deps, each));
  for (let waitMs = 100; ; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
    try {
      return await deps.autocommit((sql) => saveOutcomes(sql, outcomes));
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      deps.log.warn({ err: error, mails: batch.length }, "outcomes cannot be recorded, trying again");
      await sleep(waitMs);
    }
  }
}

function toSaved(deps: RecorderDeps, delivered: Delivered): SavedOutcome {
  const { claimed, outcome, context } = delivered;
  return {
    id: claimed.id,
    status: "ended" in outcome ? outcome.ended : "queued",
    reason: "reason" in outcome ? outcome.reason : undefined,
    afterSeconds: "again" in outcome ? outcome.again / 1000 : undefined,
    event: runWith(context, () => eventOf(deps, delivered)),
  };
}

function eventOf({ now, newId }: RecorderDeps, { claimed, outcome }: Delivered): CloudEvent | undefined {
  if (!("ended" in outcome) || outcome.ended === "skipped") return undefined;
  const { id, userId, type, orderId } = claimed;
  const event = { id: newId(), subject: id, time: now() };
  const data = { notificationId: id, userId, type, channel: "email", subject: orderId ? { orderId } : {} };
  if (outcome.ended === "failed") {
    const failed = { ...data, reason: outcome.reason };
    return notificationEvent("ecotrack.notification.failed.v1", { ...event, data: failed });
  }
  return notificationEvent("ecotrack.notification.sent.v1", { ...event, data });
}

function measure({ metrics, now }: RecorderDeps, { createdAt }: ClaimedNotification, outcome: Outcome): void {
  const ended = "ended" in outcome ? outcome.ended : "retried";
  metrics.notifications.inc({ channel: "email", outcome: ended });
  if (ended === "sent")
    metrics.duration.observe({ channel: "email" }, (now().getTime() - createdAt.getTime()) / 1000);
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
