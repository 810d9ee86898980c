import type { Log } from "#observability/log";

/** Does something again and again until stopped; what it throws is logged and does not end it. `stop` waits for it. */
export function startBackgroundWork({
  name,
  everyMs,
  log,
  work,
}: {
  readonly name: string;
  readonly everyMs: number;
  readonly log: Log;
  readonly work: () => Promise<unknown>;
}): { stop(): Promise<void> } {
  let stopping = false;
  let wakeUp = () => {};
  const running = (async () => {
    while (!stopping) {
      try {
        await work();
      } catch (error) {
        log.warn({ err: error }, `cannot ${name}`);
      }
      if (stopping) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, everyMs);
        wakeUp = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  })();
  return {
    async stop() {
      stopping = true;
      wakeUp();
      await running;
    },
  };
}
