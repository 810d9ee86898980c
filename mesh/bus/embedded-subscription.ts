import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "#observability/log";
import { crashPoint } from "../crash-point.ts";
import type { SubscribeOptions, Subscription } from "./bus.ts";
import { deliver } from "./deliver.ts";
import { EmbeddedSession, type SessionOptions } from "./embedded-session.ts";
import { createWake } from "./wake.ts";

/** Messages handed to the handler at once. */
const batchSize = 200;
/** Finds what a lost notification would have told. */
const pollMs = 1000;
/** Finds members that died: nobody tells of that. */
const rebalanceMs = 2000;
/** Small rounds follow each other no closer than this: what arrives meanwhile shares the next one. */
const gatherMs = 10;
const firstReconnectMs = 100;
const longestReconnectMs = 5000;

export interface EmbeddedSubscription extends Pick<Subscription, "stop"> {
  /** Messages were appended to these partitions, or (empty) to some. */
  published(partitionIds: readonly number[]): void;
  /** Members or free partitions of this group, or (undefined) of some, changed. */
  membersChanged(groupId?: number): void;
}

/**
 * Reads as a member of its group until it is stopped, with a new session whenever one is lost.
 * @throws when the first session cannot be opened
 */
export async function startSubscription(
  options: SessionOptions & SubscribeOptions & { log: Log },
): Promise<EmbeddedSubscription> {
  const { group, handle, log } = options;
  const wake = createWake();
  const stopping = new AbortController();
  let session = new EmbeddedSession(options);
  const ownGroupId = await session.ready();
  let rebalanceAt = 0;

  async function readUntilLost(): Promise<void> {
    const { lost } = session;
    const ended = AbortSignal.any([lost, stopping.signal]);
    lost.addEventListener("abort", () => wake.ring());
    rebalanceAt = 0;
    while (!ended.aborted) {
      if (performance.now() >= rebalanceAt) {
        rebalanceAt = performance.now() + rebalanceMs;
        await session.rebalance();
      }
      const round = await session.fetch(batchSize);
      if (round.messages.length === 0) {
        await wake.heard(pollMs);
        continue;
      }
      if (!(await deliver(round.messages, { handle, group, ended, log }))) break;
      crashPoint("offset-commit:before");
      await session.commit(round.next);
      crashPoint("offset-commit:after");
      if (!round.full) await sleep(gatherMs);
    }
  }

  async function run(): Promise<void> {
    for (let waitMs = firstReconnectMs; ; waitMs = Math.min(waitMs * 2, longestReconnectMs)) {
      try {
        await session.ready();
        waitMs = firstReconnectMs;
        await readUntilLost();
        await session.leave();
      } catch (err) {
        log.warn({ err, group, waitMs }, "the bus lost its session and will open another");
        session.abandon();
      }
      if (stopping.signal.aborted) return;
      await sleep(waitMs, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      session = new EmbeddedSession(options);
    }
  }

  const running = run();
  return {
    published(ids) {
      if (ids.length === 0 || ids.some((id) => session.holds(id))) wake.ring();
    },
    membersChanged(groupId = ownGroupId) {
      if (groupId !== ownGroupId) return;
      rebalanceAt = 0;
      wake.ring();
    },
    async stop() {
      stopping.abort();
      wake.ring();
      await running;
    },
  };
}
