import { pruneKeys } from "./idempotency-store.ts";
import type { OrderDeps } from "./order-deps.ts";
import { resumeOrder } from "./process-order.ts";
import type { RunEnd } from "./run-saga.ts";
import { claimDueSagas } from "./saga-claim-store.ts";

const pruneEveryMs = 60_000;

export interface ResumeOptions {
  /** How often to look, in milliseconds. */
  readonly everyMs?: number;
  /** At most so many sagas in the background of one process. */
  readonly atOnce?: number;
}

/**
 * Takes up sagas that nobody works on: those whose retry is due, and those whose process went silent. Any number of
 * processes may do so at once.
 */
export function startResuming(deps: OrderDeps, { everyMs = 500, atOnce = 20 }: ResumeOptions = {}) {
  let stopped = false;
  let wake = () => {};
  let prunedAt = Number.NEGATIVE_INFINITY;
  let failing = false;
  let active = 0;

  async function round(): Promise<void> {
    try {
      if (performance.now() - prunedAt > pruneEveryMs) {
        prunedAt = performance.now();
        await pruneKeys(deps.sql);
      }
      for (const run of await resumeDue(deps, atOnce - active)) {
        active += 1;
        deps.background.add(run.finally(() => (active -= 1)));
      }
      failing = false;
    } catch (error) {
      if (!failing) deps.log.warn({ err: error }, "sagas wait: the database does not answer");
      failing = true;
    }
  }

  async function loop(): Promise<void> {
    while (!stopped) {
      await round();
      if (stopped) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, everyMs * (0.75 + deps.random() / 2));
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  const looping = loop();
  return {
    async stop(): Promise<void> {
      stopped = true;
      wake();
      await looping;
    },
  };
}

/** Takes up to `limit` due sagas and runs each. */
export async function resumeDue(deps: OrderDeps, limit: number): Promise<Promise<RunEnd>[]> {
  if (limit <= 0) return [];
  const claimed = await deps.transaction((tx) => claimDueSagas(tx, limit));
  return claimed.map((saga) => resumeOrder(deps, saga));
}
