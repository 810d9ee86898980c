import { setTimeout as wait } from "node:timers/promises";
import type { Home } from "../../mesh/local/home.ts";
import type { ProvenSystem } from "./proven-system.ts";
import { describeFault, type Fault, type Schedule, type StoreName } from "./schedule.ts";

/** A fault that was done, by the clock of `performance.now()`. */
export interface Done {
  readonly fault: Fault;
  readonly at: number;
  readonly until: number;
  /** Why nothing was done: its process was not running at that moment. */
  readonly missed?: string;
}

/** Does all of the schedule to the system; resolves when the last fault is over. */
export async function carryOut(
  schedule: Schedule,
  { home, system, show }: { home: Home; system: ProvenSystem; show: (line: string) => void },
): Promise<Done[]> {
  const began = performance.now();
  const disturbed = new Map<string, symbol>();
  return Promise.all(
    schedule.faults.map(async (fault): Promise<Done> => {
      await wait(Math.max(0, began + fault.at - performance.now()));
      const at = performance.now();
      const missed = await commit(fault, { home, system, disturbed });
      show(`${missed ? "not done" : "fault"}: ${describeFault(fault)}${missed ? ` (${missed})` : ""}`);
      return { fault, at, until: performance.now(), ...(missed && { missed }) };
    }),
  );
}

interface Scene {
  readonly home: Home;
  readonly system: ProvenSystem;
  /** Who disturbed a link last: only that one calms it. */
  readonly disturbed: Map<string, symbol>;
}

/** Resolves when the fault is over, with the reason when it could not be done. */
async function commit(fault: Fault, { home, system, disturbed }: Scene): Promise<string | undefined> {
  switch (fault.kind) {
    case "crash":
      system.crashes.arm(fault.process, fault.point, fault.pass);
      return undefined;
    case "kill":
      return signal(home, fault.process, "SIGKILL");
    case "restart":
      return signal(home, fault.store, endOfStore[fault.store]);
    case "pause":
      return await pause(home, fault.process, fault.forMs);
    default: {
      const link = system.links[fault.link];
      const mine = Symbol(fault.kind);
      disturbed.set(fault.link, mine);
      link.disturb(fault.kind, fault.delayMs);
      await wait(fault.forMs);
      if (disturbed.get(fault.link) === mine) link.calm();
      return undefined;
    }
  }
}

/** PostgreSQL's immediate shutdown: no checkpoint, what is under way is lost, and its start recovers from the log. */
const endOfStore: Record<StoreName, NodeJS.Signals> = {
  postgres: "SIGQUIT",
  redis: "SIGKILL",
  kafka: "SIGKILL",
};

async function pause(home: Home, process: string, forMs: number): Promise<string | undefined> {
  const pid = pidOf(home, process);
  const missed = signal(home, process, "SIGSTOP");
  if (missed || pid === undefined) return missed;
  await wait(forMs);
  // Somebody may have killed it in between; then there is nobody to wake.
  if (pidOf(home, process) === pid) signal(home, process, "SIGCONT");
  return undefined;
}

function signal(home: Home, name: string, what: NodeJS.Signals): string | undefined {
  const pid = pidOf(home, name);
  if (pid === undefined) return "it is not running";
  try {
    process.kill(pid, what);
    return undefined;
  } catch {
    return "it has just ended";
  }
}

const pidOf = (home: Home, name: string): number | undefined =>
  home.processes.alive().find((each) => each.name === name)?.pid;
