import type { Log } from "#observability/log";
import type { ProductDeps } from "./product-deps.ts";
import { expireReservations } from "./stock-store.ts";

const sweepEveryMs = 5000;
const batchSize = 500;

/** Gives back what overdue holds keep, in batches so that no lock is held for long. @returns how many holds ended */
export async function expireHolds(deps: ProductDeps): Promise<number> {
  let total = 0;
  let batch: number;
  do {
    batch = await expireReservations(deps.sql, deps.now(), batchSize);
    total += batch;
  } while (batch === batchSize);
  if (total > 0) deps.metrics.reservations.inc({ outcome: "expired" }, total);
  return total;
}

/** Sweeps every five seconds; a sweep that fails is left to the next one. */
export function startSweeper(deps: ProductDeps, log: Log): { stop(): Promise<void> } {
  let running = Promise.resolve();
  const timer = setInterval(() => {
    running = expireHolds(deps).then(
      (expired) => {
        if (expired > 0) log.info({ expired }, "reservations expired");
      },
      (error: unknown) => log.warn({ err: error }, "overdue reservations wait for the next sweep"),
    );
  }, sweepEveryMs);
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
