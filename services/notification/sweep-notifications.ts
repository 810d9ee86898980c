import type { Transact } from "#mesh/postgres/sql";
import type { Log } from "#observability/log";
import { takeDue } from "./notification-store.ts";

const everyMs = 1000;
const batch = 500;

/** Puts back into the queue what it lost, what failed and is to be tried again, and what a dead sender had. */
export function startSweep({
  transaction,
  enqueue,
  log,
}: {
  transaction: Transact;
  enqueue: (ids: readonly string[]) => void;
  log: Log;
}): { stop(): Promise<void> } {
  let running: Promise<void> = Promise.resolve();
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    running = sweepOnce()
      .catch((error: unknown) => log.warn({ err: error }, "notifications were not looked through"))
      .finally(() => {
        busy = false;
      });
  }, everyMs);

  async function sweepOnce(): Promise<void> {
    enqueue(await transaction((tx) => takeDue(tx, batch)));
  }

  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
