import { readdirSync, readFileSync } from "node:fs";

const msPerTick = 10;

/**
 * CPU milliseconds that PostgreSQL's live backends of one database have used so far. What the server does behind them
 * (checkpoints, vacuum) is not in it, nor what others do on the same server. Linux only, 0 elsewhere.
 */
export function serverCpu(databaseName: string): number {
  let ticks = 0;
  try {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
      ticks += ticksOf(pid, databaseName);
  } catch {
    return 0;
  }
  return ticks * msPerTick;
}

function ticksOf(pid: string, databaseName: string): number {
  try {
    // A backend's title: postgres: <role> <database> <address> <state>
    if (!readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(` ${databaseName} `)) return 0;
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // proc(5): after the name in parentheses, fields 14 and 15 are utime and stime.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  } catch {
    return 0;
  }
}
