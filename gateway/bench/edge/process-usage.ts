import { readdirSync, readFileSync } from "node:fs";

/** Ticks of /proc/<pid>/stat a second (`getconf CLK_TCK`), 100 on every Linux that is met. */
const ticksPerSecond = 100;
const pageBytes = 4096;

export interface CpuTime {
  readonly user: number;
  /** The kernel's work for it, that for its packets included. */
  readonly system: number;
}

/** Seconds, of all threads of a process. */
export function cpuTime(pid: number): CpuTime {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name stands in brackets and may hold anything; fields are counted from behind it (proc(5)).
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { user: Number(fields[11]) / ticksPerSecond, system: Number(fields[12]) / ticksPerSecond };
}

export function cpuSeconds(pid: number): number {
  const { user, system } = cpuTime(pid);
  return user + system;
}

export const cpuSecondsOf = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);

export function residentMiB(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
    return sum + (pages * pageBytes) / 1024 / 1024;
  }, 0);
}

/** Seconds for which these cores were not idle, whoever used them. */
export function busySeconds(cores: readonly number[]): number {
  const lines = readFileSync("/proc/stat", "utf8").split("\n");
  return cores.reduce((sum, core) => {
    const fields = lines.find((line) => line.startsWith(`cpu${core} `))?.split(/\s+/) ?? [];
    // user, nice, system, (idle, iowait,) irq, softirq, steal
    const ticks = [1, 2, 3, 6, 7, 8].reduce((total, at) => total + Number(fields[at] ?? 0), 0);
    return sum + ticks / ticksPerSecond;
  }, 0);
}

/** Processes whose parent this is. */
export function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number),
  );
}
