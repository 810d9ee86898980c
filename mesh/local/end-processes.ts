import { setTimeout as wait } from "node:timers/promises";
import type { ProcessGroup, ProcessRecord, ProcessRecords } from "./process-records.ts";

/** Who asks goes before who answers: nothing is left without what it needs while it finishes its work. */
const order: readonly ProcessGroup[] = ["test", "gateway", "service", "helper", "store"];

/**
 * Ends every recorded process, group by group: each is asked with its own signal and killed when it still
 * runs after `withinMs`. The one way to stop, for the end of a run, a failed start and what a killed run left.
 * @returns the names of those that were running
 */
export async function endProcesses(records: ProcessRecords, withinMs = 20_000): Promise<string[]> {
  const found = records.alive();
  for (const group of order) {
    await endGroup(
      found.filter((record) => record.group === group),
      records,
      withinMs,
    );
  }
  return found.map((record) => record.name);
}

async function endGroup(group: ProcessRecord[], records: ProcessRecords, withinMs: number): Promise<void> {
  const running = () => {
    const alive = new Set(records.alive().map((record) => record.pid));
    return group.filter((record) => alive.has(record.pid));
  };
  for (const { pid, stop } of running()) send(pid, stop);
  const deadline = Date.now() + withinMs;
  while (running().length > 0 && Date.now() < deadline) await wait(10);
  for (const { pid } of running()) send(pid, "SIGKILL");
  while (running().length > 0 && Date.now() < deadline + 5000) await wait(10);
  for (const { pid } of group) records.remove(pid);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended in between.
  }
}
