import { setTimeout as sleep } from "node:timers/promises";
import { crashPoint } from "#mesh/crash-point";
import type { Sql, Transact } from "#mesh/postgres/sql";
import { inEntrySpan } from "#observability/trace/in-entry-span";
import type { Tracing } from "#observability/trace/tracing";
import { deliveryContext, deliverySpan } from "./delivery-span.ts";
import type { Mail, Mailer } from "./mailer.ts";
import { isWanted, preferencesByDefault, render, retryAfterMs } from "./notification.ts";
import { type ClaimedNotification, claimNotifications, extendClaims } from "./notification-store.ts";
import { createOutcomeRecorder, type Outcome, type RecorderDeps } from "./record-outcomes.ts";

export interface DeliveryDeps extends RecorderDeps {
  readonly sql: Sql;
  readonly transaction: Transact;
  readonly mailer: Mailer;
  /** Left out: nothing is traced. */
  readonly tracing?: Tracing | undefined;
}

export interface Delivery {
  /** Whether so many more may be taken in hand at once; what is above that belongs into the queue. */
  hasRoomFor(count: number): boolean;
  /** Sends what the caller has claimed. Neither waits nor fails: a claim that comes to nothing runs out. */
  send(claimed: readonly ClaimedNotification[]): void;
  /** Sends what waits of `ids` and resolves when it is known, and recorded, how that went. */
  deliver(ids: readonly string[]): Promise<void>;
  /** Resolves when what is in hand has ended, or after a few seconds. */
  close(): Promise<void>;
}

const mostInHand = 400;
const closeMs = 5000;

/** A third of how long a claim holds. */
const extendEveryMs = 10_000;

/**
 * Claims, sends, records. A process that dies between sending and recording leaves its claims behind; when they have run
 * out, another sends the same mails again under the same Message-ID. One that is only slow extends its claims.
 */
export function createDelivery(deps: DeliveryDeps): Delivery {
  const { sql, transaction, log, tracing } = deps;
  const record = createOutcomeRecorder(deps);
  const underWay = new Set<string>();
  const timer = setInterval(() => {
    if (underWay.size === 0) return;
    void transaction((tx) => extendClaims(tx, [...underWay])).catch((error: unknown) =>
      log.warn({ err: error }, "claims cannot be extended"),
    );
  }, extendEveryMs);

  async function deliverOne(claimed: ClaimedNotification): Promise<void> {
    underWay.add(claimed.id);
    try {
      const { context, links } = deliveryContext(claimed);
      const span = deliverySpan(claimed, links);
      const outcome = await inEntrySpan(tracing, context, span, () => attempt(deps, claimed));
      await record({ claimed, outcome, context });
    } finally {
      underWay.delete(claimed.id);
    }
  }

  return {
    hasRoomFor: (count) => underWay.size + count <= mostInHand,
    send(claimed) {
      for (const each of claimed) {
        void deliverOne(each).catch((error: unknown) =>
          log.error({ err: error, notificationId: each.id }, "what became of a mail is not recorded"),
        );
      }
    },
    async deliver(ids) {
      await Promise.all((await claimNotifications(sql, ids)).map(deliverOne));
    },
    async close() {
      const until = performance.now() + closeMs;
      while (underWay.size > 0 && performance.now() < until) await sleep(20);
      clearInterval(timer);
    },
  };
}

async function attempt({ mailer, log }: DeliveryDeps, claimed: ClaimedNotification): Promise<Outcome> {
  const { id, email, firstName, gone, orderUpdates, type, attempts, key } = claimed;
  if (gone) return { ended: "skipped" };
  if (email === null || firstName === null) return tryAgain(attempts, "the recipient is not known yet");
  const preferences = { ...preferencesByDefault, ...(orderUpdates !== null && { orderUpdates }) };
  if (!isWanted(type, preferences)) return { ended: "skipped" };
  let mail: Mail;
  try {
    mail = { id, key, to: email, ...render(claimed, firstName) };
  } catch (error) {
    log.error({ err: error, notificationId: id }, "a mail cannot be written");
    return { ended: "failed", reason: `it cannot be written: ${(error as Error).message}` };
  }
  try {
    crashPoint("mail-handover:before");
    await mailer.send(mail);
    crashPoint("mail-handover:after");
    log.info({ notificationId: id, type }, "mail sent");
    return { ended: "sent" };
  } catch (error) {
    const { message, responseCode } = error as Error & { responseCode?: number };
    log.warn({ notificationId: id, attempts, responseCode, reason: message }, "a mail was not taken");
    return isFinal(responseCode) ? { ended: "failed", reason: message } : tryAgain(attempts, message);
  }
}

function tryAgain(attempts: number, reason: string): Outcome {
  const again = retryAfterMs(attempts);
  return again === undefined ? { ended: "failed", reason } : { again, reason };
}

/** RFC 5321 §4.2.1: 5yz is for ever, whoever tries again. */
const isFinal = (responseCode: number | undefined): boolean =>
  responseCode !== undefined && responseCode >= 500;
