import type { Log } from "#observability/log";
import { within } from "./within.ts";

export type BackgroundWork = ReturnType<typeof createBackgroundWork>;

/** Keeps hold of work that nobody waits for any more, so that a failure is logged and an end of the process waits for it. */
export function createBackgroundWork(log: Log) {
  const running = new Set<Promise<unknown>>();
  return {
    add(work: Promise<unknown>): void {
      const watched = work
        .catch((error: unknown) =>
          log.error({ err: error }, "a saga stopped; it is taken up again when its lease ends"),
        )
        .finally(() => running.delete(watched));
      running.add(watched);
    },
    /** Resolves when everything has ended, or after `withinMs`. */
    async settled(withinMs: number): Promise<void> {
      await within(Promise.all(running), withinMs);
    },
  };
}
