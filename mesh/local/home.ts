import { mkdirSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { endProcesses } from "./end-processes.ts";
import { lockFolder } from "./folder-lock.ts";
import { diskFull, LocalFailure } from "./local-failure.ts";
import { openProcessRecords, type ProcessRecords } from "./process-records.ts";

/** The folder of everything that a running system keeps on this machine. */
export interface Home {
  readonly directory: string;
  readonly logs: string;
  /** What may be kept between runs and shared by them: unpacked programs. */
  readonly cache: string;
  readonly processes: ProcessRecords;
  /** What was ended of an earlier run that was killed. */
  readonly leftovers: readonly string[];
  /** Whether everything is being ended: nothing is started any more. */
  readonly ending: () => boolean;
  /** Ends every process that was started here, in order, and lets the next launcher work in this folder. */
  readonly end: (withinMs?: number) => Promise<void>;
}

const neededBytes = 300 * 1024 * 1024;

/**
 * Takes the folder for this process, ends what an earlier run left running in it, and with `fresh` empties it
 * but for the cache.
 * @throws LocalFailure when another process has it, or the disk is full
 */
export async function openHome(
  directory: string,
  options: { fresh: boolean; cache?: string },
): Promise<Home> {
  const cache = options.cache ?? join(directory, "cache");
  const logs = join(directory, "logs");
  for (const folder of [directory, cache]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  refuseFullDisk(directory);
  const unlock = lockFolder(join(directory, "lock"));
  let ending = false;
  try {
    const processes = openProcessRecords(join(directory, "processes.json"));
    const leftovers = await endProcesses(processes, 5000);
    if (options.fresh) {
      for (const name of ["postgres", "redis", "secrets.json", "stripe-sandbox.json"]) {
        rmSync(join(directory, name), { recursive: true, force: true });
      }
    }
    mkdirSync(logs, { recursive: true, mode: 0o700 });
    const end = async (withinMs?: number) => {
      ending = true;
      await endProcesses(processes, withinMs);
      unlock();
    };
    return { directory, logs, cache, processes, leftovers, ending: () => ending, end };
  } catch (error) {
    unlock();
    throw error;
  }
}

function refuseFullDisk(directory: string): void {
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize >= neededBytes) return;
  const free = Math.floor((bavail * bsize) / 1024 / 1024);
  throw new LocalFailure(`${diskFull(directory)} (${free} MiB are free, 300 are needed)`);
}
