import { setTimeout as wait } from "node:timers/promises";
import type { Home } from "./home.ts";
import type { RunningProcess } from "./spawn-process.ts";
import { exitLine } from "./spawn-process.ts";

export interface KeepStoreOptions {
  /** Starts it again where it was: same port, same data. */
  readonly start: () => Promise<RunningProcess>;
  /** Shows a line to the person at the terminal. */
  readonly show: (line: string) => void;
  /** Called once, with the one line to show, when it cannot be started any more. */
  readonly giveUp: (line: string) => void;
  /** Before the first attempt, in ms; doubled from one to the next. */
  readonly firstDelayMs?: number;
}

const attempts = 5;
const longestDelayMs = 10_000;

/** A store that ends while the system runs is started again, with its data and where everybody looks for it. */
export function keepStore(home: Home, first: RunningProcess, options: KeepStoreOptions): void {
  const { start, show, giveUp, firstDelayMs = 250 } = options;

  async function comeBack(name: string): Promise<RunningProcess | undefined> {
    let reason = "";
    for (let attempt = 0; attempt < attempts; attempt++) {
      await wait(Math.min(longestDelayMs, firstDelayMs * 2 ** attempt));
      if (home.ending()) return undefined;
      try {
        return await start();
      } catch (error) {
        reason = (error as Error).message;
      }
    }
    if (!home.ending()) giveUp(`Cannot start ${name} again after ${attempts} attempts: ${reason}`);
    return undefined;
  }

  async function keep(): Promise<void> {
    let running: RunningProcess | undefined = first;
    while (running) {
      const { name, logFile }: RunningProcess = running;
      const exit = await running.exited;
      if (home.ending()) return;
      show(`${exitLine(name, exit, logFile)}; starting it again`);
      running = await comeBack(name);
      if (running) show(`${name} is back`);
    }
  }
  void keep();
}
