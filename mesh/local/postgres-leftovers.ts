import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

/**
 * Makes a data folder free for a new server after a server in it was killed. PostgreSQL trusts its lock file when
 * any process has that pid, and pids are given out again; and it does not start while a process of the killed
 * server still holds its shared memory. Elsewhere than on Linux it is left to PostgreSQL.
 */
export async function endPostgresLeftovers(data: string): Promise<void> {
  if (process.platform !== "linux") return;
  const folder = realpathSync(data);
  const lock = join(folder, "postmaster.pid");
  const postmaster = existsSync(lock) ? Number.parseInt(readFileSync(lock, "utf8"), 10) : 0;
  if (worksIn(postmaster, folder)) {
    send([postmaster], "SIGINT");
    await untilGone(folder, 5000);
  }
  // Without a postmaster its processes end by themselves, but for one in a long query. Killing them harms
  // nothing: the next start recovers from the log anyway.
  for (const signal of ["SIGTERM", "SIGQUIT", "SIGKILL"] as const) {
    if (await untilGone(folder, 1000)) break;
    send(working(folder), signal);
  }
  await untilGone(folder, 5000);
  rmSync(lock, { force: true });
}

async function untilGone(folder: string, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (working(folder).length > 0) {
    if (Date.now() > deadline) return false;
    await wait(20);
  }
  return true;
}

function working(folder: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => worksIn(pid, folder));
}

/** By its name too: somebody's shell may stand in the folder. */
function worksIn(pid: number, folder: string): boolean {
  try {
    const program = readFileSync(`/proc/${pid}/comm`, "utf8").trim();
    return program === "postgres" && readlinkSync(`/proc/${pid}/cwd`) === folder;
  } catch {
    return false;
  }
}

function send(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It ended in between.
    }
  }
}
