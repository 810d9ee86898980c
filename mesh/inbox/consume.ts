import { continueTrace, runWith } from "#observability/context";
import type { Log } from "#observability/log";
import type { Metrics } from "#observability/metrics";
import type { Bus, DeliveredMessage } from "../bus/bus.ts";
import { crashPoint } from "../crash-point.ts";
import type { CloudEvent } from "../events/cloud-event.ts";
import type { Transact, Transaction } from "../postgres/sql.ts";

/** The effect of one event, inside the transaction that also claims it. */
export type Reaction = (tx: Transaction, event: CloudEvent) => Promise<void>;

export interface ConsumerOptions {
  /** The group on the bus: every process of one service has the same. */
  readonly name: string;
  readonly bus: Bus;
  readonly transaction: Transact;
  readonly topics: readonly string[];
  readonly reactions: Readonly<Record<string, Reaction>>;
  readonly log: Log;
  readonly metrics: Metrics;
}

interface Received {
  readonly message: DeliveredMessage;
  readonly event: CloudEvent;
}

const attempts = 5;
const firstBackoffMs = 100;
const keptDays = 14;
const pruneEveryMs = 60_000;

/**
 * Reacts to events exactly once in effect: claim and effect are one transaction, for a whole batch at a time. When that
 * fails, the events are tried one by one, and one that keeps failing becomes a dead letter so that the others go on.
 */
export async function startConsumer(options: ConsumerOptions): Promise<{ stop(): Promise<void> }> {
  const { name, bus, transaction, topics, reactions, log, metrics } = options;
  const consumed = metrics.counter("events_consumed_total", "Events that arrived", ["type", "outcome"]);
  let prunedAt = Date.now();

  async function react(received: readonly Received[]): Promise<void> {
    const claimed = await transaction(async (tx) => {
      const fresh = await claim(
        tx,
        received.map(({ event }) => event.id),
      );
      for (const { event } of received) {
        if (!fresh.delete(event.id)) continue;
        await runWith(continueTrace(event.traceparent, event.correlationid), async () =>
          reactions[event.type]?.(tx, event),
        );
      }
      crashPoint("inbox-commit:before");
      return received.length;
    });
    crashPoint("inbox-commit:after");
    if (claimed > 0) for (const { event } of received) consumed.inc({ type: event.type, outcome: "handled" });
  }

  async function reactToOne(received: Received): Promise<void> {
    for (let tried = 1; ; tried += 1) {
      try {
        return await react([received]);
      } catch (error) {
        log.warn(
          { err: error, eventId: received.event.id, type: received.event.type, tried },
          "reaction failed",
        );
        if (tried >= attempts) return await bury(received.message, received.event.id, error as Error, tried);
        await new Promise((resolve) => setTimeout(resolve, firstBackoffMs * 2 ** tried));
      }
    }
  }

  async function bury(
    message: DeliveredMessage,
    eventId: string,
    reason: Error,
    tried: number,
  ): Promise<void> {
    await transaction(async (tx) => {
      await tx`
        insert into dead_letters (event_id, topic, key, payload, reason, attempts)
        values (${eventId}, ${message.topic}, ${message.key}, ${message.value}, ${reason.message.slice(0, 2000)}, ${tried})
        on conflict (event_id) do update set reason = excluded.reason, attempts = dead_letters.attempts + excluded.attempts`;
    });
    consumed.inc({ type: "any", outcome: "dead" });
    log.error({ eventId, topic: message.topic }, "event is a dead letter");
  }

  async function handle(batch: readonly DeliveredMessage[]): Promise<void> {
    const received: Received[] = [];
    for (const message of batch) {
      const event = readEvent(message.value);
      if (!event) log.error({ topic: message.topic, offset: message.offset }, "skipped what is no event");
      else if (event.type in reactions) received.push({ message, event });
      else consumed.inc({ type: "other", outcome: "skipped" });
    }
    if (received.length === 0) return;
    try {
      await react(received);
    } catch (error) {
      log.warn({ err: error, events: received.length }, "batch failed, its events are tried one by one");
      for (const each of received) await reactToOne(each);
    }
    await prune();
  }

  async function prune(): Promise<void> {
    if (Date.now() - prunedAt < pruneEveryMs) return;
    prunedAt = Date.now();
    await transaction(async (tx) => {
      await tx`
        delete from inbox where event_id in (
          select event_id from inbox where claimed_at < now() - make_interval(days => ${keptDays}) limit 5000
        )`;
    });
  }

  return await bus.subscribe({ group: name, topics: [...topics], handle });
}

/** Claims the events and returns the ids that nobody had claimed before. */
async function claim(tx: Transaction, ids: readonly string[]): Promise<Set<string>> {
  const rows = await tx<{ event_id: string }[]>`
    insert into inbox (event_id) select distinct unnest(${[...ids]}::uuid[]) order by 1
    on conflict do nothing returning event_id`;
  return new Set(rows.map((row) => row.event_id));
}

function readEvent(text: string): CloudEvent | undefined {
  try {
    const event = JSON.parse(text) as Partial<CloudEvent> | null;
    const complete = event?.specversion === "1.0" && event.id && event.type && event.subject;
    return complete ? (event as CloudEvent) : undefined;
  } catch {
    return undefined;
  }
}
