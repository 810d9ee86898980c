import { readdirSync, readFileSync } from "node:fs";

/** Ticks of /proc/<pid>/stat a second (`getconf CLK_TCK`), 100 on every Linux that is met. */
const ticksPerSecond = 100;

/**
 * CPU seconds, user and system, that these processes and all below them have used, those that ended included: a
 * PostgreSQL backend that is gone counts in its postmaster.
 */
export function cpuSeconds(roots: readonly number[]): number {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    const stat = /^\d+$/.test(name) ? readStat(Number(name)) : undefined;
    if (stat) children.set(stat.parent, [...(children.get(stat.parent) ?? []), Number(name)]);
  }
  let ticks = 0;
  const waiting = [...roots];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    ticks += readStat(pid)?.ticks ?? 0;
    waiting.push(...(children.get(pid) ?? []));
  }
  return ticks / ticksPerSecond;
}

/** Resident memory of these processes and all below them, in MiB; what they share counts for each. */
export function residentMiB(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
  return (pages * 4096) / 1024 / 1024;
}

function readStat(pid: number): { parent: number; ticks: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name stands in brackets and may hold anything; fields are counted from behind it (proc(5)).
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
    return { parent: Number(fields[1]), ticks };
  } catch {
    return undefined;
  }
}
