import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "#observability/log";
import type { DeliveredMessage } from "../bus/bus.ts";
import {
  isReplayRequested,
  markFailedAgain,
  markReplayed,
  takeRequested,
} from "../dead-letters/dead-letter-store.ts";
import type { CloudEvent } from "../events/cloud-event.ts";
import type { Sql, Transact, Transaction } from "../postgres/sql.ts";
import { isOutage } from "./is-outage.ts";
import { readEvent } from "./read-event.ts";

export interface ReplayOptions {
  readonly sql: Sql;
  readonly transaction: Transact;
  /** Claims the event and reacts to it, unless that was done before. @throws when there is no reaction, or it fails */
  readonly react: (tx: Transaction, event: CloudEvent) => Promise<void>;
  readonly log: Log;
}

const pollMs = 1000;

/**
 * Tries those dead letters again that somebody asked for (`bun run dlq replay`). The claim, the effect and the mark are
 * one transaction, so that asking twice, or a process that dies, has no second effect.
 */
export function startReplaying({ sql, transaction, react, log }: ReplayOptions): { stop(): Promise<void> } {
  const stopping = new AbortController();

  async function replayOne(): Promise<boolean> {
    if (!(await isReplayRequested(sql))) return false;
    let eventId: string | undefined;
    try {
      return await transaction(async (tx) => {
        const letter = await takeRequested(tx);
        if (!letter) return false;
        eventId = letter.eventId;
        await react(tx, eventOf(letter));
        await markReplayed(tx, eventId);
        log.info({ eventId }, "dead letter replayed");
        return true;
      });
    } catch (error) {
      if (eventId === undefined || isOutage(error)) throw error;
      const { message } = error as Error;
      const id = eventId;
      log.warn({ err: error, eventId }, "dead letter failed again");
      await transaction((tx) => markFailedAgain(tx, id, message));
      return true;
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const another = await replayOne().catch((error: unknown) => {
        log.warn({ err: error }, "dead letters are not replayed now");
        return false;
      });
      if (!another) await sleep(pollMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

function eventOf({ payload, topic, key }: Pick<DeliveredMessage, "topic" | "key"> & { payload: string }) {
  const event = readEvent({ topic, key, value: payload, partition: 0, offset: "0" });
  if ("refused" in event) throw new Error(event.refused);
  return event;
}
