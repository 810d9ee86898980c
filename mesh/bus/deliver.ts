import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "#observability/log";
import type { DeliveredMessage, SubscribeOptions } from "./bus.ts";

const firstRetryMs = 100;
const longestRetryMs = 10_000;

/**
 * Hands a batch to the handler until it resolves, waiting 100 ms after the first failure and twice as long after each
 * further one. `ended` gives up between attempts, never during one.
 * @returns whether the batch was handled
 */
export async function deliver(
  batch: readonly DeliveredMessage[],
  {
    handle,
    group,
    ended,
    log,
  }: Pick<SubscribeOptions, "handle" | "group"> & { ended: AbortSignal; log: Log },
): Promise<boolean> {
  for (let attempt = 1, waitMs = firstRetryMs; !ended.aborted; attempt += 1) {
    try {
      await handle(batch);
      return true;
    } catch (err) {
      const { topic, partition, offset } = batch[0] ?? {};
      log.error(
        { err, group, topic, partition, offset, attempt, waitMs },
        "a batch failed and will come again",
      );
    }
    await sleep(waitMs, undefined, { signal: ended }).catch(() => {});
    waitMs = Math.min(waitMs * 2, longestRetryMs);
  }
  return false;
}
