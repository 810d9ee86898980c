import { continueTrace } from "#observability/context";
import type { Log } from "#observability/log";
import type { Metrics } from "#observability/metrics";
import { inEntrySpan } from "#observability/trace/in-entry-span";
import { linkedContext, originOf } from "#observability/trace/linked-context";
import type { Tracing } from "#observability/trace/tracing";
import type { Bus, DeliveredMessage } from "../bus/bus.ts";
import { crashPoint } from "../crash-point.ts";
import { bury } from "../dead-letters/dead-letter-store.ts";
import type { CloudEvent } from "../events/cloud-event.ts";
import type { Sql, Transact, Transaction } from "../postgres/sql.ts";
import { isOutage } from "./is-outage.ts";
import { inBatchSpan, processSpan } from "./message-spans.ts";
import { newerThanKnown } from "./newer-than-known.ts";
import { readEvent } from "./read-event.ts";
import { startReplaying } from "./replay-dead-letters.ts";

/** The effect of one event, inside the transaction that also claims it. */
export type Reaction = (tx: Transaction, event: CloudEvent) => Promise<void>;

export interface ConsumerOptions {
  /** The group on the bus: every process of one service has the same. */
  readonly name: string;
  readonly bus: Bus;
  readonly sql: Sql;
  readonly transaction: Transact;
  readonly topics: readonly string[];
  readonly reactions: Readonly<Record<string, Reaction>>;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Left out: nothing is traced. */
  readonly tracing?: Tracing | undefined;
}

interface Received {
  readonly message: DeliveredMessage;
  readonly event: CloudEvent;
}

/** Seconds; what waits for a relay and a consumer takes some tenths, what waited for a restart some minutes. */
const delayBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800, 7200];
const attempts = 5;
const firstBackoffMs = 100;
const keptDays = 14;
const pruneEveryMs = 60_000;

/**
 * Reacts to events exactly once in effect: claim and effect are one transaction, for a whole batch at a time. When that
 * fails, the events are tried one by one, and one that keeps failing becomes a dead letter so that the others go on. While
 * the database is away nothing is anybody's fault: the batch goes back to the bus, which brings it again.
 */
export async function startConsumer(options: ConsumerOptions): Promise<{ stop(): Promise<void> }> {
  const { name, bus, sql, transaction, topics, reactions, log, metrics, tracing } = options;
  const consumed = metrics.counter("events_consumed_total", "Events that arrived", ["type", "outcome"]);
  const delay = metrics.histogram(
    "inbox_delay_seconds",
    "From what an event tells of to the commit of its effects",
    [],
    delayBuckets,
  );
  const newerThan = newerThanKnown(reactions);
  const consumer = { group: name, system: bus.system };
  let prunedAt = Date.now();

  async function react(received: readonly Received[]): Promise<void> {
    const events = received.map(({ event }) => event);
    const claimAndReact = async (tx: Transaction) => {
      const fresh = await claim(
        tx,
        events.map(({ id }) => id),
      );
      for (const { message, event } of received)
        if (fresh.delete(event.id)) await reactTo(tx, event, message);
      crashPoint("inbox-commit:before");
    };
    await inBatchSpan(tracing, { ...consumer, events }, () => transaction(claimAndReact));
    crashPoint("inbox-commit:after");
    for (const { event } of received) {
      consumed.inc({ type: event.type, outcome: "handled" });
      delay.observe(Math.max(0, Date.now() - Date.parse(event.time)) / 1000);
    }
  }

  const reactTo = (tx: Transaction, event: CloudEvent, message: DeliveredMessage) =>
    inEntrySpan(
      tracing,
      continueTrace(event.traceparent, event.correlationid),
      processSpan(consumer, event, message),
      async () => reactions[event.type]?.(tx, event),
    );

  /** Long after the event: in a trace of its own that leads to the event's. */
  const reactLate = (tx: Transaction, event: CloudEvent) => {
    const { context, links } = linkedContext([originOf(event.traceparent, event.correlationid)]);
    const span = { ...processSpan(consumer, event), links };
    return inEntrySpan(tracing, context, span, async () => reactions[event.type]?.(tx, event));
  };

  async function reactToOne(received: Received): Promise<void> {
    const { message, event } = received;
    for (let tried = 1; ; tried += 1) {
      try {
        return await react([received]);
      } catch (error) {
        if (isOutage(error)) throw error;
        log.warn({ err: error, eventId: event.id, type: event.type, tried }, "reaction failed");
        if (tried >= attempts) return await setAside(message, event.id, (error as Error).message, tried);
        await new Promise((resolve) => setTimeout(resolve, firstBackoffMs * 2 ** tried));
      }
    }
  }

  async function setAside(message: DeliveredMessage, eventId: string, reason: string, tried: number) {
    const { topic, key, value: payload } = message;
    await transaction((tx) => bury(tx, { eventId, topic, key, payload, reason, attempts: tried }));
    consumed.inc({ type: "any", outcome: "dead" });
    log.error({ eventId, topic, reason }, "event is a dead letter: see `bun run dlq list`");
  }

  /** What is to be reacted to. The rest is set aside or passed over here. */
  async function sort(batch: readonly DeliveredMessage[]): Promise<Received[]> {
    const received: Received[] = [];
    for (const message of batch) {
      const event = readEvent(message);
      if ("refused" in event) {
        await setAside(message, event.id, event.refused, 1);
        continue;
      }
      const known = newerThan(event.type);
      if (event.type in reactions) received.push({ message, event });
      else if (known !== undefined) await setAside(message, event.id, tooNew(name, event.type, known), 1);
      else consumed.inc({ type: "other", outcome: "skipped" });
    }
    return received;
  }

  async function handle(batch: readonly DeliveredMessage[]): Promise<void> {
    const received = await sort(batch);
    if (received.length === 0) return;
    try {
      await react(received);
    } catch (error) {
      if (isOutage(error)) throw error;
      log.warn({ err: error, events: received.length }, "batch failed, its events are tried one by one");
      for (const each of received) await reactToOne(each);
    }
    await prune();
  }

  async function prune(): Promise<void> {
    if (Date.now() - prunedAt < pruneEveryMs) return;
    prunedAt = Date.now();
    await sql`
      delete from inbox where event_id = any(array(
        select event_id from inbox where claimed_at < now() - make_interval(days => ${keptDays})
        order by claimed_at limit 5000
      ))`;
  }

  const subscription = await bus.subscribe({ group: name, topics: [...topics], handle });
  metrics.gauge("inbox_waiting_events", "Events on the bus that this service has yet to handle", [], () =>
    subscription.waiting().catch(() => Number.NaN),
  );
  const replaying = startReplaying({
    sql,
    transaction,
    log,
    async react(tx, event) {
      if (!(event.type in reactions)) throw new Error(`${name} has no reaction to ${event.type}`);
      if ((await claim(tx, [event.id])).size > 0) await reactLate(tx, event);
    },
  });
  return {
    async stop() {
      await Promise.all([subscription.stop(), replaying.stop()]);
    },
  };
}

const tooNew = (name: string, type: string, known: number) =>
  `${name} knows this event up to version ${known}, and ${type} is newer: deploy what reacts to it, then replay`;

/** Claims the events and returns the ids that nobody had claimed before. */
async function claim(tx: Transaction, ids: readonly string[]): Promise<Set<string>> {
  const rows = await tx<{ event_id: string }[]>`
    insert into inbox (event_id) select distinct unnest(${[...ids]}::uuid[]) order by 1
    on conflict do nothing returning event_id`;
  return new Set(rows.map((row) => row.event_id));
}
