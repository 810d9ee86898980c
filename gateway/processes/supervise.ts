import { listen } from "#mesh/listen";
import type { Log } from "#observability/log";
import { ask, createSharedAdmin } from "./shared-admin.ts";
import { Worker } from "./worker.ts";

export interface SuperviseOptions {
  readonly processes: number;
  readonly adminPort: number;
  readonly adminHost: string;
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
}

export interface Supervisor {
  reload(): void;
  /** Makes every process as loud as this one. */
  shareLogLevel(): void;
  stop(): Promise<void>;
}

/**
 * Runs several gateways on one port, one for each core: the system shares new connections out among them (SO_REUSEPORT).
 * They share limits and revocations over Redis as gateways on different machines do, and know nothing of each other.
 * @throws Error when one of them cannot start; the others are ended then
 */
export async function supervise(options: SuperviseOptions): Promise<Supervisor> {
  const { processes, adminPort, adminHost, command, env, log } = options;
  const { level } = log;
  const workers: Worker[] = [];
  const file = { lastGood: undefined };
  const tellLevel = (worker: Worker) => ask(worker, { method: "PUT", path: `/log-level/${log.level}` });
  const shareLogLevel = () => {
    for (const worker of workers) void tellLevel(worker);
  };
  const stopAll = async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
  };
  try {
    // One after the other: what is wrong with the settings is then said once and not by each of them.
    for (let index = 0; index < processes; index++) {
      const worker = new Worker({ index, command, env, log, file, serves: tellLevel });
      workers.push(worker);
      await worker.started;
    }
  } catch (error) {
    await stopAll();
    throw error;
  }
  // It may have changed before there was anybody who could be told.
  if (log.level !== level) shareLogLevel();
  const watch = listen({ port: adminPort, hostname: adminHost, fetch: createSharedAdmin(workers, log) });
  log.info({ processes, adminPort: watch.port }, "all processes serve");
  log.flush();
  return {
    reload: () => {
      for (const worker of workers) worker.signal("SIGHUP");
    },
    shareLogLevel,
    stop: async () => {
      await stopAll();
      await watch.stop(0);
    },
  };
}
